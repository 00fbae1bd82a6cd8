using System.Globalization;
using System.Reflection;
using Akka.Configuration;
using Pipeline.Engine.Configuration;

namespace Pipeline.Configuration;

/// <summary>What a command line says about settings.</summary>
/// <param name="Profile">Name of a profile; null for none.</param>
/// <param name="File">Path of a HOCON file; null for none.</param>
/// <param name="Sets"><c>path=value</c>, in order.</param>
/// <param name="Options">Settings that options of their own stand for: the option, its path, its value.</param>
internal sealed record SettingsArguments(
    string? Profile, string? File, IReadOnlyList<string> Sets, IReadOnlyList<(string Option, string Path, string Value)> Options)
{
    /// <summary>The same as a command line, for a process of this program.</summary>
    public IReadOnlyList<string> AsCommandLine() =>
    [
        .. Profile is null ? (ReadOnlySpan<string>)[] : ["--profile", Profile],
        .. File is null ? (ReadOnlySpan<string>)[] : ["--config", File],
        .. Sets.SelectMany(set => new[] { "--set", set }),
        .. Options.SelectMany(option => new[] { "--set", $"{option.Path}={option.Value}" }),
    ];

    /// <summary>The same with an option more; without it where it was not given.</summary>
    public SettingsArguments With(string option, string path, object? value) => value is null
        ? this
        : this with { Options = [.. Options, (option, path, Convert.ToString(value, CultureInfo.InvariantCulture)!)] };
}

/// <summary>
/// Lays the layers of settings: reference files, profile, file, environment, <c>--set</c>, options.
/// <c>PIPELINE__MEDIA__MAX_PIXELS</c> sets <c>pipeline.media.max-pixels</c>.
/// </summary>
internal static class SettingsLoader
{
    private const string VariablePrefix = "PIPELINE__";
    private const string ProfilePrefix = "profiles/";

    /// <exception cref="SettingsException">A profile, file or <c>--set</c> that cannot be read, or a key under no block of this program.</exception>
    public static LayeredConfig Load(
        SettingsArguments arguments, IReadOnlyDictionary<string, string> environment, IReadOnlyList<Assembly> references)
    {
        var layers = references.SelectMany(References).ToList();
        if (arguments.Profile is { } profile)
        {
            layers.Add(Profile(profile));
        }

        if (arguments.File is { } file)
        {
            layers.Add(new ConfigLayer(file, Parse(file, ReadFile(file))));
        }

        layers.AddRange(environment
            .Where(variable => variable.Key.StartsWith(VariablePrefix, StringComparison.Ordinal))
            .OrderBy(variable => variable.Key, StringComparer.Ordinal)
            .Select(variable => Single(variable.Key, PathOf(variable.Key), variable.Value)));
        layers.AddRange(arguments.Sets.Select(ParseSet));
        layers.AddRange(arguments.Options.Select(option => Single(option.Option, option.Path, option.Value)));
        RefuseForeign(layers);
        return new LayeredConfig(layers);
    }

    private static IEnumerable<ConfigLayer> References(Assembly assembly) =>
        assembly.GetManifestResourceNames()
            .Where(name => name.EndsWith(".conf", StringComparison.Ordinal) && !name.StartsWith(ProfilePrefix, StringComparison.Ordinal))
            .Select(name => new ConfigLayer(name, Parse(name, ReadResource(assembly, name))));

    private static ConfigLayer Profile(string profile)
    {
        var assembly = typeof(SettingsLoader).Assembly;
        var names = assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(ProfilePrefix, StringComparison.Ordinal))
            .Select(name => name[ProfilePrefix.Length..^".conf".Length])
            .Order(StringComparer.Ordinal)
            .ToList();
        var resource = $"{ProfilePrefix}{profile}.conf";
        return names.Contains(profile, StringComparer.Ordinal)
            ? new ConfigLayer($"profile {profile}", Parse(resource, ReadResource(assembly, resource)))
            : throw new SettingsException($"--profile {profile}: there is no such profile", $"profiles: {string.Join(", ", names)}");
    }

    private static ConfigLayer ParseSet(string set)
    {
        var equals = set.IndexOf('=', StringComparison.Ordinal);
        return equals > 0
            ? Single("--set", set[..equals].Trim(), set[(equals + 1)..].Trim())
            : throw new SettingsException($"--set {set}: is not path=value", "for example: --set pipeline.media.frames-in-flight=8");
    }

    /// <summary>A value is taken as it is written, whatever HOCON would read in it, unless it is a list.</summary>
    private static ConfigLayer Single(string origin, string path, string value)
    {
        var text = value.StartsWith('[') ? value : $"\"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
        return new ConfigLayer(origin, Parse(origin, $"{path} = {text}"));
    }

    private static string PathOf(string variable) =>
        variable.Replace("__", ".", StringComparison.Ordinal).Replace('_', '-').ToLowerInvariant();

    private static string ReadFile(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException($"--config {path}: cannot be read", File.Exists(path) ? "check its permissions" : "check that it is there");
        }
    }

    private static string ReadResource(Assembly assembly, string name)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }

    private static Config Parse(string origin, string text)
    {
        HoconCheck.Validate(origin, text);
        try
        {
            return ConfigurationFactory.ParseString(text);
        }
        catch (Exception failure)
        {
            throw new SettingsException($"{origin}: is not HOCON: {failure.Message}", null);
        }
    }

    private static void RefuseForeign(IEnumerable<ConfigLayer> layers)
    {
        var errors = layers
            .Where(layer => !layer.Settings.IsEmpty)
            .SelectMany(layer => layer.Settings.Root.GetObject().Items.Keys
                .Where(key => key is not ("pipeline" or "akka"))
                .Select(key => new SettingsError($"{key} ({layer.Origin}): there is no such setting", "all settings lie under pipeline or akka")))
            .ToList();
        if (errors.Count > 0)
        {
            throw new SettingsException(errors);
        }
    }
}
