using System.ComponentModel.DataAnnotations;
using Pipeline.Cluster;
using Pipeline.Cluster.Membership;
using Pipeline.Engine;
using Pipeline.Jobs;
using Pipeline.Jobs.Sinks;
using Pipeline.Kernels;
using Pipeline.Media;
using Pipeline.Server;
using Serilog.Events;

namespace Pipeline.Configuration;

/// <summary>All settings: a property a block of <c>pipeline</c>.</summary>
internal sealed record PipelineOptions(
    ModelOptions Model,
    LogOptions Log,
    DeviceOptions Device,
    MediaOptions Media,
    EngineOptions Engine,
    VisionOptions Vision,
    DecoderOptions Decoder,
    JobsOptions Jobs,
    OutputOptions Output,
    ClusterOptions Cluster,
    ExpertsOptions Experts,
    ServerOptions Server,
    NodeOptions Node)
{
    public EngineSettings EngineSettings => new(Engine, Vision, Decoder, Media);
}

/// <summary>The block <c>pipeline.node</c>.</summary>
/// <param name="LocalExperts">Expert processes that a run starts on its own machine.</param>
public sealed record NodeOptions([property: Range(0, 64)] int LocalExperts);

/// <summary>The block <c>pipeline.model</c>.</summary>
internal sealed record ModelOptions(string Path);

/// <summary>The block <c>pipeline.log</c>.</summary>
internal sealed record LogOptions(
    LogEventLevel Level,
    string File,
    LogEventLevel FileLevel,
    [property: Range(4096, long.MaxValue)] long FileBytes,
    [property: Range(1, 10_000)] int FilesKept);
