using Akka.Configuration;
using Pipeline.Checkpoints;
using Pipeline.Cluster;
using Pipeline.Cluster.Membership;
using Pipeline.Cluster.Planning;
using Pipeline.Configuration;
using Pipeline.Engine;
using Pipeline.Engine.Configuration;
using Pipeline.Jobs;
using Pipeline.Kernels;
using Pipeline.Media;
using Pipeline.Server;
using Pipeline.Terminal;

namespace Pipeline.Composition;

/// <summary>Everything that a command is told, checked.</summary>
/// <param name="Options">Our own blocks.</param>
/// <param name="Akka">All layers, for the actor system.</param>
/// <param name="ModelFolder">The checkpoint's folder.</param>
/// <param name="Arguments">What the command line said, for processes that get the same.</param>
internal sealed record Settings(PipelineOptions Options, Config Akka, string ModelFolder, SettingsArguments Arguments)
{
    /// <summary>As <see cref="Surroundings.AroundDevice"/>.</summary>
    public required Func<IDevice, IDevice> AroundDevice { get; init; }

    /// <param name="model">What the command line says of the model; null for nothing.</param>
    /// <exception cref="SettingsException">Names every unknown or invalid setting.</exception>
    public static Settings Load(SettingsArguments arguments, string? model, Surroundings surroundings)
    {
        var config = SettingsLoader.Load(
            arguments,
            surroundings.Environment,
            [typeof(DeviceOptions).Assembly, typeof(MediaOptions).Assembly, typeof(EngineOptions).Assembly, typeof(JobsOptions).Assembly, typeof(ExpertsOptions).Assembly, typeof(ServerOptions).Assembly, typeof(Settings).Assembly]);
        var options = OptionsBinder.Bind<PipelineOptions>(config, "pipeline");
        DeviceFactory.Validate(options.Device);
        var folder = ModelLocator.Find(model, surroundings.Environment.GetValueOrDefault("PIPELINE_MODEL"), options.Model.Path);
        return new Settings(options, config.Merged, Path.GetFullPath(folder, surroundings.WorkingFolder), arguments) { AroundDevice = surroundings.AroundDevice };
    }

    /// <summary>Opens the model, to be loaded as the settings say.</summary>
    /// <exception cref="PipelineException">It is missing, damaged or not supported.</exception>
    public Checkpoint OpenCheckpoint() => Checkpoint.Open(ModelFolder, Options.Device.Quantize);

    /// <summary>Bytes that a node of a cluster takes on a device: its roles' weights, sessions and buffers.</summary>
    public long PlanBytes(NodeRoles roles, Checkpoint checkpoint)
    {
        var memory = NodeMemory.Of(roles, checkpoint.Config, checkpoint.Summarize(), Options.EngineSettings, Options.Experts);
        return memory.DeviceBytes + (roles.HasFlag(NodeRoles.Expert) ? Options.Experts.MemoryBytes : 0);
    }

    /// <summary>Bytes that the model, its sessions and its passes take on a device; no weight is read.</summary>
    public long PlanBytes()
    {
        using var checkpoint = OpenCheckpoint();
        var memory = Options.EngineSettings.PlanMemory(checkpoint.Config, checkpoint.Summarize());
        return memory.WeightBytes + Options.Decoder.KvBytes + memory.TextPassBytes + memory.VisionPassBytes;
    }
}
