using System.Text.Json.Nodes;

namespace Pipeline.Checkpoints.Tests;

/// <summary>Directories that are no checkpoint, and weights that don't fit their settings.</summary>
public sealed class BadDirectoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AMissingDirectory_SaysHowAModelIsFetched()
    {
        var path = _folder.File("nowhere");
        var failure = Assert.Throws<PipelineException>(() => Checkpoint.Open(path));

        Assert.Equal($"{path}: no such model directory", failure.Message);
        Assert.Contains("hf download", failure.Hint!, StringComparison.Ordinal);
        Assert.Contains("--model DIR or PIPELINE_MODEL=DIR", failure.Hint!, StringComparison.Ordinal);
    }

    [Fact]
    public void AFileOrAnEmptyDirectory_IsTold()
    {
        var file = _folder.File("model.gguf");
        File.WriteAllText(file, "");

        Assert.Equal($"{file}: is a file, not a model directory", Failures.MessageOf(() => Checkpoint.Open(file)));
        Assert.Equal($"{_folder.Path}: holds no config.json, so it is no model directory", Message());
    }

    [Theory]
    [InlineData(null, "")]
    [InlineData("pytorch_model-00001-of-00002.bin", " (but pytorch_model-00001-of-00002.bin)")]
    [InlineData("consolidated.00.pth", " (but consolidated.00.pth)")]
    [InlineData("model-00001-of-00050.safetensors", " (but model-00001-of-00050.safetensors)")]
    public void MissingWeights_AreTold(string? other, string addition)
    {
        RandomCheckpoint.Write(_folder.Path, new RandomCheckpointOptions());
        File.Delete(_folder.File("model.safetensors"));
        if (other is not null)
        {
            File.WriteAllText(_folder.File(other), "");
        }

        Assert.Equal($"{_folder.Path}: holds neither model.safetensors nor model.safetensors.index.json{addition}", Message());
    }

    [Fact]
    public void MissingMisshapenAndUnexpectedTensors_AreListedInOneMessage()
    {
        var tensors = RandomCheckpoint.Tensors(new RandomCheckpointOptions { TextOnly = true });
        RandomCheckpoint.Write(_folder.Path, new RandomCheckpointOptions { TextOnly = true });
        SafetensorsWriter.Write(_folder.File("model.safetensors"),
        [
            .. tensors.Where(tensor => tensor.Name is not ("model.norm.weight" or "model.layers.2.self_attn.q_proj.weight" or "lm_head.weight")),
            new TensorValues("lm_head.weight", StoredType.F32, [64, 160], new float[64 * 160]),
            new TensorValues("lm_head.bias", StoredType.F32, [160], new float[160]),
            new TensorValues("model.rotary_emb.inv_freq", StoredType.F32, [8], new float[8]),
        ]);
        using var checkpoint = Checkpoint.Open(_folder.Path);

        Assert.Equal(
            $"{_folder.Path}: the weights do not fit config.json: " +
            "2 missing: model.layers.2.self_attn.q_proj.weight [64, 64], model.norm.weight [64]; " +
            "1 misshapen: lm_head.weight is F32 [64, 160], not F32, F16 or BF16 [160, 64]; " +
            "1 unexpected: lm_head.bias",
            Failures.MessageOf(() => checkpoint.ReadLlama4()));
    }

    [Fact]
    public void LongLists_AreCut()
    {
        RandomCheckpoint.Write(_folder.Path, new RandomCheckpointOptions());
        SafetensorsWriter.Write(_folder.File("model.safetensors"), []);
        using var checkpoint = Checkpoint.Open(_folder.Path);

        var message = Failures.MessageOf(() => checkpoint.ReadLlama4());
        Assert.Contains("missing: language_model.model.embed_tokens.weight [160, 64], ", message, StringComparison.Ordinal);
        Assert.Matches(@"and \d+ more$", message);
        Assert.InRange(message.Length, 500, 3000);
    }

    [Fact]
    public void ExpertsOfMixedTypes_AreNamed()
    {
        var options = new RandomCheckpointOptions { TextOnly = true, FusedExperts = false, Layers = 1 };
        RandomCheckpoint.Write(_folder.Path, options);
        const string odd = "model.layers.0.feed_forward.experts.2.up_proj.weight";
        SafetensorsWriter.Write(
            _folder.File("model.safetensors"),
            [.. RandomCheckpoint.Tensors(options).Select(tensor => tensor.Name == odd ? tensor with { Type = StoredType.BF16 } : tensor)]);
        using var checkpoint = Checkpoint.Open(_folder.Path);

        Assert.EndsWith($"1 misshapen: {odd} is BF16, expert 0 is F32", Failures.MessageOf(() => checkpoint.ReadLlama4()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("config.json", "{", "is not valid JSON (line 1, byte 2)")]
    [InlineData("config.json", "[]", "holds a JSON Array where an object belongs")]
    [InlineData("config.json", "", "is not valid JSON (line 1, byte 1)")]
    [InlineData("generation_config.json", "nonsense", "is not valid JSON (line 1, byte 2)")]
    [InlineData("generation_config.json", """{"num_beams": 4}""", "num_beams is 4, which is not supported")]
    [InlineData("generation_config.json", """{"do_sample": true, "temperature": 0}""", "temperature is 0, not a number from 1E-06 to 1000000")]
    [InlineData("generation_config.json", """{"top_p": 1.5}""", "top_p is 1.5, not a number from 1E-06 to 1")]
    [InlineData("generation_config.json", """{"eos_token_id": [160]}""", "eos_token_id is 160, outside 0 to 159")]
    [InlineData("generation_config.json", """{"no_repeat_ngram_size": 3}""", "no_repeat_ngram_size is 3, which is not supported")]
    public void DamagedSettings_AreNamed(string file, string json, string problem)
    {
        RandomCheckpoint.Write(_folder.Path, new RandomCheckpointOptions());
        File.WriteAllText(_folder.File(file), json);

        Assert.Equal($"{_folder.File(file)}: {problem}", Message());
    }

    [Fact]
    public void GenerationConfig_IsRead()
    {
        RandomCheckpoint.Write(_folder.Path, new RandomCheckpointOptions());
        File.WriteAllText(_folder.File("generation_config.json"), """
            {"do_sample": true, "temperature": 0.6, "top_p": 0.9, "top_k": 50, "min_p": 0.05, "typical_p": 0.95, "repetition_penalty": 1.1,
             "max_new_tokens": 99, "eos_token_id": [3, 4], "num_beams": 1, "transformers_version": "4.51.0", "fancy": 1}
            """);
        using var checkpoint = Checkpoint.Open(_folder.Path);

        Assert.Equal([3, 4], checkpoint.Generation.StopIds);
        Assert.Equal(new GenerationDefaults(true, 99, 0.6, 50, 0.9, 0.05, 0.95, 1.1, checkpoint.Generation.StopIds), checkpoint.Generation);
        Assert.Equal(["generation_config.json: fancy"], checkpoint.UnknownKeys);
    }

    [Fact]
    public void WithoutGenerationConfig_TheConfigsStopsCount()
    {
        RandomCheckpoint.Write(_folder.Path, new RandomCheckpointOptions());
        File.Delete(_folder.File("generation_config.json"));
        var config = JsonNode.Parse(File.ReadAllText(_folder.File("config.json")))!;
        config["text_config"]!["eos_token_id"] = new JsonArray(5, 6);
        File.WriteAllText(_folder.File("config.json"), config.ToJsonString());
        using var checkpoint = Checkpoint.Open(_folder.Path);

        Assert.Equal([5, 6], checkpoint.Generation.StopIds);
        Assert.Equal((false, (int?)null), (checkpoint.Generation.Sample, checkpoint.Generation.MaxNewTokens));
    }

    private string Message() => Failures.MessageOf(() => Checkpoint.Open(_folder.Path));
}
