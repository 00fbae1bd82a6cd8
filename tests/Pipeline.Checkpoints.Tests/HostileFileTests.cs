using System.Text;
using System.Text.Json.Nodes;
using CsCheck;

namespace Pipeline.Checkpoints.Tests;

/// <summary>Whatever is done to a file, the worst that comes of it is a message. CsCheck prints the seed of a failure.</summary>
public sealed class HostileFileTests : IDisposable
{
    private static readonly RandomCheckpointOptions Tiny = new()
    {
        Layers = 1,
        HiddenSize = 8,
        Heads = 2,
        KvHeads = 1,
        HeadSize = 4,
        IntermediateSize = 4,
        Experts = 2,
        Vocabulary = 16,
        VisionLayers = 1,
        VisionHiddenSize = 8,
        VisionHeads = 1,
        ImageSize = 4,
        PatchSize = 2,
        ProjectorSize = 4,
        Type = StoredType.BF16,
    };

    private readonly TemporaryFolder _folder = new();
    private readonly byte[] _weights;
    private readonly int _headerEnd;

    public HostileFileTests()
    {
        RandomCheckpoint.Write(_folder.Path, Tiny);
        _weights = File.ReadAllBytes(Weights);
        _headerEnd = 8 + (int)BitConverter.ToUInt64(_weights);
    }

    private string Weights => _folder.File("model.safetensors");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TheFileItself_IsGood() => Assert.False(Failures.Refuses(ReadEverything));

    [Fact]
    public void CutAnywhere_IsRefused() =>
        Gen.Int[0, _weights.Length - 1].Sample(
            length =>
            {
                File.WriteAllBytes(Weights, _weights[..length]);
                return Failures.Refuses(ReadEverything);
            },
            iter: 500, threads: 1);

    [Fact]
    public void BytesAppended_AreRefused()
    {
        File.WriteAllBytes(Weights, [.. _weights, 0]);

        Assert.True(Failures.Refuses(ReadEverything));
    }

    [Fact]
    public void HeaderBytesChanged_NeverDoHarm() =>
        Gen.Select(Gen.Int[0, _headerEnd - 1], Gen.Byte).Array[1, 4].Sample(
            changes =>
            {
                var bytes = (byte[])_weights.Clone();
                foreach (var (position, value) in changes)
                {
                    bytes[position] = value;
                }

                File.WriteAllBytes(Weights, bytes);
                Failures.Refuses(ReadEverything);
            },
            iter: 1500, threads: 1);

    [Fact]
    public void DigitsOfTheHeaderChanged_NeverDoHarm()
    {
        // A random byte mostly breaks the JSON; digits reach the checks of shapes and offsets.
        var digits = Enumerable.Range(8, _headerEnd - 8).Where(i => char.IsAsciiDigit((char)_weights[i])).ToArray();
        Gen.Select(Gen.Int[0, digits.Length - 1], Gen.Char['0', '9']).Sample(
            (index, digit) =>
            {
                var bytes = (byte[])_weights.Clone();
                bytes[digits[index]] = (byte)digit;
                File.WriteAllBytes(Weights, bytes);
                Failures.Refuses(ReadEverything);
            },
            iter: 1500, threads: 1);
    }

    [Fact]
    public void RandomBytes_AreRefused() =>
        Gen.Byte.Array[0, 200].Sample(
            bytes =>
            {
                File.WriteAllBytes(Weights, bytes);
                return Failures.Refuses(ReadEverything);
            },
            iter: 500, threads: 1);

    [Theory]
    [InlineData("config.json")]
    [InlineData("generation_config.json")]
    [InlineData("preprocessor_config.json")]
    public void SettingsWithBytesChanged_NeverDoHarm(string file)
    {
        var good = File.ReadAllBytes(_folder.File(file));
        Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte, Gen.Int[1, good.Length]).Sample(
            (position, value, length) =>
            {
                var bytes = good[..Math.Max(length, position + 1)];
                bytes[position] = value;
                File.WriteAllBytes(_folder.File(file), bytes);
                Failures.Refuses(ReadEverything);
            },
            iter: 300, threads: 1);
    }

    [Fact]
    public void AnyValueUnderAnyKey_NeverDoesHarm()
    {
        string[] values = ["null", "true", "0", "-1", "1", "3", "2147483647", "2147483648", "1e308", "-0.5", "\"\"", "\"\\ud800\"", "[]", "[[]]", "[1e99]", "{}", "{\"a\":{}}"];
        var config = File.ReadAllText(_folder.File("config.json"));
        var paths = PathsOf(JsonNode.Parse(config)!.AsObject(), "").ToArray();
        foreach (var path in paths)
        {
            foreach (var value in values)
            {
                var changed = JsonNode.Parse(config)!.AsObject();
                // A lone surrogate cannot be set as a node, so its text is put in afterwards.
                ConfigRefusalTests.Set(changed, path, "\"PLACEHOLDER\"");
                File.WriteAllText(_folder.File("config.json"), changed.ToJsonString().Replace("\"PLACEHOLDER\"", value, StringComparison.Ordinal), Encoding.UTF8);
                Failures.Refuses(ReadEverything);
            }
        }

        Assert.InRange(paths.Length, 40, 100);
    }

    private static IEnumerable<string> PathsOf(JsonObject node, string prefix) => node.SelectMany(pair =>
        pair.Value is JsonObject child ? PathsOf(child, $"{prefix}{pair.Key}.").Prepend(prefix + pair.Key) : [prefix + pair.Key]);

    // Every byte of every tensor, so that an address outside the mapping would be noticed.
    private void ReadEverything()
    {
        using var checkpoint = Checkpoint.Open(_folder.Path);
        _ = checkpoint.ReadLlama4();
        foreach (var tensor in checkpoint.Tensors.All)
        {
            _ = tensor.ReadFloats();
        }
    }
}
