using Akka.Configuration;
using Akka.Configuration.Hocon;

namespace Pipeline.Engine.Configuration;

/// <summary>One place that settings come from.</summary>
/// <param name="Origin">How messages call it: a file's path, <c>--set</c>, an environment variable's name.</param>
public sealed record ConfigLayer(string Origin, Config Settings);

/// <summary>One value and where it was said.</summary>
/// <param name="Value">The text of the value; null for a list, which no setting of ours is.</param>
internal sealed record Setting(string? Value, string Origin);

/// <summary>Layers of settings, a later one over an earlier one, each value with its origin.</summary>
public sealed class LayeredConfig
{
    private readonly SortedDictionary<string, Setting> _settings = new(StringComparer.Ordinal);

    /// <param name="layers">The lowest layer first.</param>
    public LayeredConfig(IEnumerable<ConfigLayer> layers)
    {
        var merged = Config.Empty;
        foreach (var layer in layers)
        {
            merged = layer.Settings.WithFallback(merged);
            if (!layer.Settings.IsEmpty)
            {
                Flatten("", layer.Settings.Root.GetObject(), layer.Origin);
            }
        }

        Merged = merged;
    }

    /// <summary>All layers as one, for what Akka itself reads.</summary>
    public Config Merged { get; }

    /// <summary>All values by their full path.</summary>
    internal IReadOnlyDictionary<string, Setting> Settings => _settings;

    private void Flatten(string prefix, HoconObject block, string origin)
    {
        foreach (var (key, value) in block.Items)
        {
            var path = prefix + key;
            if (value.IsObject())
            {
                Flatten(path + ".", value.GetObject(), origin);
            }
            else
            {
                _settings[path] = new Setting(value.IsArray() ? null : value.GetString(), origin);
            }
        }
    }
}
