using System.Text.Json.Nodes;

namespace Pipeline.Checkpoints.Tests;

/// <summary>Weights in several files, and an index that may lie.</summary>
public sealed class ShardTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public ShardTests() => RandomCheckpoint.Write(_folder.Path, new RandomCheckpointOptions { Shards = 3 });

    private string Index => _folder.File("model.safetensors.index.json");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Shards_HoldTheSameModelAsOneFile()
    {
        using var single = new TemporaryFolder();
        RandomCheckpoint.Write(single.Path, new RandomCheckpointOptions());
        using var one = Checkpoint.Open(single.Path);
        using var three = Checkpoint.Open(_folder.Path);

        Assert.Equal(3, three.Tensors.All.Select(tensor => tensor.File).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(one.Tensors.All.Count, three.Tensors.All.Count);
        Assert.All(one.Tensors.All, tensor => Assert.Equal(tensor.ReadFloats(), three.Tensors.Find(tensor.Name)!.ReadFloats()));
        Assert.NotEqual(one.Digest, three.Digest);
        _ = three.ReadLlama4();
    }

    [Fact]
    public void AFileThatIsNotThere_IsNamed()
    {
        File.Delete(_folder.File("model-00002-of-00003.safetensors"));

        Assert.Equal($"{Index}: 1 of 3 files are not there: model-00002-of-00003.safetensors", Message());
    }

    [Fact]
    public void ATensorThatIsNotThere_IsNamed()
    {
        Edit(map => map["surplus.weight"] = "model-00001-of-00003.safetensors");

        Assert.Equal($"{Index}: 1 tensors are not in the file that the index names: surplus.weight (in model-00001-of-00003.safetensors)", Message());
    }

    [Fact]
    public void ATensorInAnotherFile_IsNamed()
    {
        Edit(map => map["language_model.model.norm.weight"] = map["language_model.model.norm.weight"]!.GetValue<string>() == "model-00001-of-00003.safetensors"
            ? "model-00002-of-00003.safetensors"
            : "model-00001-of-00003.safetensors");

        Assert.StartsWith($"{Index}: 1 tensors are not in the file that the index names: language_model.model.norm.weight (in ", Message(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../model-00001-of-00003.safetensors")]
    [InlineData("/etc/x.safetensors")]
    [InlineData("sub/x.safetensors")]
    [InlineData("..\\\\x.safetensors")]
    [InlineData("..")]
    [InlineData("")]
    [InlineData("pytorch_model.bin")]
    public void FileNamesThatLeadElsewhere_AreRefused(string name)
    {
        Edit(map => map["language_model.model.norm.weight"] = name);

        Assert.EndsWith("not the name of a .safetensors file beside the index", Message(), StringComparison.Ordinal);
    }

    [Fact]
    public void ATensorStoredTwice_IsNamed()
    {
        File.Copy(_folder.File("model-00001-of-00003.safetensors"), _folder.File("copy.safetensors"));
        Edit(map => map["language_model.model.embed_tokens.weight"] = "copy.safetensors");

        Assert.Contains("is stored twice: in", Message(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}", "has no weight_map")]
    [InlineData("""{"weight_map":[]}""", "has no weight_map")]
    [InlineData("""{"weight_map":{}}""", "has an empty weight_map")]
    [InlineData("""{"weight_map":{"a":"a.safetensors","a":"a.safetensors"}}""", "weight_map names a twice")]
    [InlineData("""{"weight_map":{"a":1}}""", "weight_map.a is 1, not the name of a .safetensors file beside the index")]
    [InlineData("[1]", "holds a JSON Array where an object belongs")]
    [InlineData("{", "is not valid JSON (line 1, byte 2)")]
    public void DamagedIndexes_AreToldApart(string json, string problem)
    {
        File.WriteAllText(Index, json);

        Assert.Equal($"{Index}: {problem}", Message());
    }

    private string Message() => Failures.MessageOf(() => Checkpoint.Open(_folder.Path));

    private void Edit(Action<JsonNode> change)
    {
        var index = JsonNode.Parse(File.ReadAllText(Index))!;
        change(index["weight_map"]!);
        File.WriteAllText(Index, index.ToJsonString());
    }
}
