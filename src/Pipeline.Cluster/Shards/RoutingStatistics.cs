using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Cluster.Shards;

/// <summary>How many rows each expert of each layer was given: what hot experts are known by.</summary>
public sealed class RoutingStatistics
{
    private const int Version = 1;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        WriteIndented = false,
    };

    private readonly long[][] _rows;

    /// <summary>Empty statistics of a model with so many layers and experts a layer.</summary>
    public RoutingStatistics(int layers, int experts)
        : this([.. Enumerable.Range(0, layers).Select(_ => new long[experts])])
    {
    }

    private RoutingStatistics(long[][] rows) => _rows = rows;

    public int Layers => _rows.Length;

    /// <summary>Experts of a layer.</summary>
    public int Experts => _rows.Length == 0 ? 0 : _rows[0].Length;

    /// <summary>Rows that the expert was given.</summary>
    public long this[ExpertId id] => _rows[id.Layer][id.Expert];

    /// <summary>Counts a layer's routing; entries below 0 are no assignments. Several threads may count at once.</summary>
    public void Add(int layer, ReadOnlySpan<int> experts)
    {
        var rows = _rows[layer];
        foreach (var expert in experts)
        {
            if (expert >= 0)
            {
                Interlocked.Increment(ref rows[expert]);
            }
        }
    }

    /// <summary>Writes the statistics; an older file is replaced whole or not at all.</summary>
    /// <exception cref="PipelineException">The file cannot be written.</exception>
    public void Write(string path)
    {
        var unfinished = path + ".tmp";
        try
        {
            File.WriteAllBytes(unfinished, JsonSerializer.SerializeToUtf8Bytes(new Document(Version, _rows), Json));
            File.Move(unfinished, path, overwrite: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new PipelineException(
                "experts.record", $"{path}: routing statistics cannot be written: {failure.Message}", "check pipeline.experts.record", FailureKind.Outside, failure);
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote for a model of the same shape.</summary>
    /// <exception cref="PipelineException">The file cannot be read, or belongs to another model.</exception>
    public static RoutingStatistics Read(string path, int layers, int experts)
    {
        var rows = ReadRows(path);
        if (rows.Length != layers || Array.Exists(rows, layer => layer is null || layer.Length != experts))
        {
            throw Refuse(path, $"is of another model: this one has {layers} layers of {experts} experts");
        }

        return Array.Exists(rows, layer => Array.Exists(layer, count => count < 0))
            ? throw Refuse(path, "holds a count below 0")
            : new RoutingStatistics(rows);
    }

    private static long[][] ReadRows(string path)
    {
        try
        {
            var document = JsonSerializer.Deserialize<Document>(File.ReadAllBytes(path), Json);
            return document is { Version: Version, Rows: { } rows } ? rows : throw Refuse(path, $"is no routing statistics of version {Version}");
        }
        catch (JsonException failure)
        {
            throw Refuse(path, $"is no routing statistics: {failure.Message}");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Refuse(path, $"cannot be read: {failure.Message}");
        }
    }

    private static PipelineException Refuse(string path, string what) =>
        new("experts.load", $"{path}: {what}", "record statistics of this model with pipeline.experts.record, or leave pipeline.experts.load empty");

    private sealed record Document(int Version, long[][] Rows);
}
