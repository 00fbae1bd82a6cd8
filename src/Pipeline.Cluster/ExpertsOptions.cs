using System.ComponentModel.DataAnnotations;

namespace Pipeline.Cluster;

/// <summary>The block <c>pipeline.experts</c>.</summary>
public sealed record ExpertsOptions(
    [property: Range(0, ExpertsOptions.MostShards)] int Shards,
    [property: Range(1, ExpertsOptions.MostReplicas)] int Replicas,
    string Load,
    string Record,
    TimeSpan Deadline,
    TimeSpan ResendAfter,
    [property: Range(1 << 16, long.MaxValue)] long BytesOutstanding,
    [property: Range(1 << 12, 1L << 30)] long FrameBytes,
    [property: Range(1, 65536)] int Connections,
    [property: Range(1, 65536)] int Rows,
    bool MixedPaths,
    [property: Range(0, long.MaxValue)] long MemoryBytes)
{
    public const int MostShards = 65536;
    public const int MostReplicas = 16;
}
