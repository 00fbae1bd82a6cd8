using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text;

namespace Pipeline.Engine.Configuration;

/// <summary>
/// Makes the immutable record of a block of settings: a property <c>FramesInFlight</c> takes the key
/// <c>frames-in-flight</c>, a property that is itself a record takes the block of its name. Every key must be there and
/// every key must be known; a <see cref="RangeAttribute"/> on a property bounds it.
/// </summary>
public static class OptionsBinder
{
    /// <exception cref="SettingsException">Names every missing, unknown or invalid key below <paramref name="path"/>.</exception>
    public static T Bind<T>(LayeredConfig config, string path)
        where T : class
    {
        var binding = new Binding(config.Settings);
        var options = binding.Block(typeof(T), path);
        binding.RefuseUnknown(path);
        return binding.Errors.Count == 0 ? (T)options! : throw new SettingsException(binding.Errors);
    }

    /// <summary>The key of a property: <c>MaxPixels</c> is <c>max-pixels</c>.</summary>
    public static string KeyOf(string property)
    {
        var key = new StringBuilder(property.Length + 4);
        foreach (var letter in property)
        {
            if (char.IsUpper(letter) && key.Length > 0)
            {
                key.Append('-');
            }

            key.Append(char.ToLowerInvariant(letter));
        }

        return key.ToString();
    }

    private sealed class Binding(IReadOnlyDictionary<string, Setting> settings)
    {
        private readonly HashSet<string> _known = new(StringComparer.Ordinal);

        public List<SettingsError> Errors { get; } = [];

        /// <summary>The record, or null where a value of it was refused.</summary>
        public object? Block(Type type, string path)
        {
            var constructor = type.GetConstructors().Single();
            var parameters = constructor.GetParameters();
            var values = new object?[parameters.Length];
            var before = Errors.Count;
            for (var i = 0; i < parameters.Length; i++)
            {
                var name = parameters[i].Name!;
                var key = $"{path}.{KeyOf(name)}";
                values[i] = OptionValue.IsScalar(parameters[i].ParameterType)
                    ? Scalar(parameters[i].ParameterType, key, name, type.GetProperty(name)!)
                    : Block(parameters[i].ParameterType, key);
            }

            return Errors.Count == before ? constructor.Invoke(values) : null;
        }

        public void RefuseUnknown(string path)
        {
            foreach (var (key, setting) in settings)
            {
                if (key.StartsWith(path + ".", StringComparison.Ordinal) && !_known.Contains(key))
                {
                    Errors.Add(new SettingsError($"{key} ({setting.Origin}): there is no such setting", Suggest(key)));
                }
            }
        }

        private object? Scalar(Type type, string key, string name, PropertyInfo property)
        {
            _known.Add(key);
            if (!settings.TryGetValue(key, out var setting))
            {
                Errors.Add(new SettingsError($"{key}: is not set", null));
                return null;
            }

            var said = $"{key} = {setting.Value ?? "[...]"} ({setting.Origin})";
            if (!OptionValue.TryParse(type, name, setting.Value, out var value))
            {
                Errors.Add(new SettingsError($"{said}: expected {OptionValue.Describe(type, name)}", null));
                return null;
            }

            if (property.GetCustomAttribute<RangeAttribute>() is { } range && !range.IsValid(value))
            {
                Errors.Add(new SettingsError($"{said}: must lie between {range.Minimum} and {range.Maximum}", null));
                return null;
            }

            return value;
        }

        private string Suggest(string key)
        {
            for (var block = Parent(key); block.Length > 0; block = Parent(block))
            {
                var keys = _known.Where(known => known.StartsWith(block + ".", StringComparison.Ordinal))
                    .Select(known => known[(block.Length + 1)..].Split('.')[0])
                    .Distinct(StringComparer.Ordinal)
                    .Order(StringComparer.Ordinal)
                    .ToList();
                if (keys.Count > 0)
                {
                    return $"{block} has: {string.Join(", ", keys)}";
                }
            }

            return "all settings of this program lie under pipeline";
        }

        private static string Parent(string path) => path[..Math.Max(path.LastIndexOf('.'), 0)];
    }
}
