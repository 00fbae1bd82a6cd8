using System.CommandLine;
using Pipeline.Configuration;
using static Pipeline.Commands.OptionFactory;

namespace Pipeline.Commands;

/// <summary>The options of every command that computes: which model, where, and with which settings.</summary>
internal sealed class CommonOptions
{
    private readonly Option<string?> _model = String("--model", "DIR", "the model's folder (default: PIPELINE_MODEL, else tiny-scout)");
    private readonly Option<string?> _device = String("--device", "NAME", "what computes: auto, cpu, cuda:N, opencl:N; several with commas between");
    private readonly Option<int?> _threads = Whole("--threads", "N", "threads of the CPU; 0 takes one a core", 0, 1024);
    private readonly Option<int?> _concurrency = Whole("--concurrency", "N", "files worked on at once", 1, 4096);
    private readonly Option<string?> _profile = String("--profile", "NAME", "settings of this profile");
    private readonly Option<string?> _config = String("--config", "FILE", "settings from this HOCON file");
    private readonly Option<string[]> _set = Strings("--set", "PATH=VALUE", "one setting, such as pipeline.log.level=debug");
    private readonly Option<bool> _quiet = Flag("--quiet", "no progress and no summary");

    public OptionGroup Engine => new("Engine", [_model, _device, _threads, _profile, _config, _set, _quiet]);

    /// <summary>The same for a command that takes many files.</summary>
    public OptionGroup EngineOfMany => new("Engine", [_model, _device, _threads, _concurrency, _profile, _config, _set, _quiet]);

    /// <summary>The same for a node, which is quiet.</summary>
    public OptionGroup EngineOfNode => new("Engine", [_model, _device, _threads, _profile, _config, _set]);

    /// <summary>The same for a command that names its model by an argument and has no progress.</summary>
    public OptionGroup EngineAlone => new("Engine", [_device, _threads, _profile, _config, _set]);

    /// <summary>The same for a command that only reads a model's files.</summary>
    public OptionGroup Settings => new("Settings", [_profile, _config, _set]);

    public string? Model(ParseResult parsed) => parsed.GetValue(_model);

    public bool Quiet(ParseResult parsed) => parsed.GetValue(_quiet);

    public SettingsArguments Arguments(ParseResult parsed) =>
        new SettingsArguments(parsed.GetValue(_profile), parsed.GetValue(_config), parsed.GetValue(_set)!, [])
            .With("--device", "pipeline.device.device", parsed.GetValue(_device))
            .With("--threads", "pipeline.device.threads", parsed.GetValue(_threads))
            .With("--concurrency", "pipeline.jobs.windows-in-flight", parsed.GetValue(_concurrency));
}
