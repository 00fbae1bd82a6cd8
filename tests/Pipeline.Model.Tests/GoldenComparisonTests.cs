using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using Pipeline.Checkpoints;

namespace Pipeline.Model.Tests;

/// <summary>What a reference file may hold, and what is said of one that is not of this model.</summary>
public sealed class GoldenComparisonTests : IDisposable
{
    private readonly string _file = Path.Combine(Path.GetTempPath(), $"reference-{Guid.NewGuid():N}.safetensors");

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void A_difference_is_found_and_no_number_is_beyond_any_tolerance()
    {
        using var golden = Golden.Open("scout-like");
        var layer = golden.Reference.Find("text.layer.0")!.ReadFloats();
        layer[77] += 0.5f;
        var logits = golden.Reference.Find("text.logits")!.ReadFloats();
        logits[0] = float.NaN;

        var differences = Compare(golden, ("text.input_ids", Ids(golden)), ("text.layer.0", layer), ("text.logits", logits));

        Assert.Equal(["text.layer.0", "text.logits"], differences.Select(difference => difference.Name));
        Assert.Equal(0.5, differences[0].Largest, tolerance: 1e-5);
        Assert.Equal(double.PositiveInfinity, differences[1].Largest);
    }

    [Fact]
    public void Greedy_tokens_that_differ_are_counted()
    {
        using var golden = Golden.Open("scout-like");
        var first = Compare(golden, ("text.input_ids", Ids(golden)), ("text.greedy", new long[] { -1, -1, -1 }));

        Assert.Equal(new TensorDifference("text.greedy", 3), Assert.Single(first));
    }

    [Fact]
    public void What_the_model_does_not_yield_is_refused_by_name()
    {
        using var golden = Golden.Open("scout-like");
        var ids = ("text.input_ids", (Array)Ids(golden));

        Refuses("text.layer.9", ids, ("text.layer.9", new float[6400]));
        Refuses("text.layer.1", ids, ("text.layer.1", new float[640]));
        Refuses("image.input_ids", ("image.input_ids", ids.Item2));
        Refuses("image.pixel_values", ("image.input_ids", ids.Item2), ("image.pixel_values", new float[100]));
        Refuses("image.input_ids", ("image.input_ids", ids.Item2), ("image.pixel_values", new float[9408]));

        void Refuses(string name, params (string Name, Array Values)[] tensors)
        {
            var error = Assert.Throws<PipelineException>(() => Compare(golden, tensors));
            Assert.Contains(name, error.Message, StringComparison.Ordinal);
            Assert.Equal("verify.reference", error.Code);
        }
    }

    private static long[] Ids(Golden golden) => golden.Reference.Find("text.input_ids")!.ReadIntegers();

    private static ReadOnlySpan<byte> Bytes(Array values) =>
        values is long[] integers ? MemoryMarshal.AsBytes(integers.AsSpan()) : MemoryMarshal.AsBytes(((float[])values).AsSpan());

    private IReadOnlyList<TensorDifference> Compare(Golden golden, params (string Name, Array Values)[] tensors)
    {
        var header = new Dictionary<string, object>(StringComparer.Ordinal);
        using var data = new MemoryStream();
        foreach (var (name, values) in tensors)
        {
            var begin = data.Length;
            data.Write(Bytes(values));
            header[name] = new Dictionary<string, object>(StringComparer.Ordinal)
            {
                ["dtype"] = values.GetType() == typeof(long[]) ? "I64" : "F32",
                ["shape"] = new long[] { 1, values.Length },
                ["data_offsets"] = new[] { begin, data.Length },
            };
        }

        var json = JsonSerializer.SerializeToUtf8Bytes(header);
        var length = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        File.WriteAllBytes(_file, [.. length, .. json, .. data.ToArray()]);
        using var reference = SafetensorsFile.Open(_file);
        return GoldenComparison.Run(golden.Model, reference);
    }
}
