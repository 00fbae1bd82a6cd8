using System.Text.Json;

namespace Pipeline.Checkpoints;

/// <summary>
/// Rotary positions: transformers 4.x has <c>rope_theta</c> and <c>rope_scaling</c>, 5.x one <c>rope_parameters</c> with both;
/// <c>type</c> is an old name of <c>rope_type</c>.
/// </summary>
internal static class RopeReader
{
    private const double TextTheta = 500_000;
    private const double VisionTheta = 10_000;
    private const double MaxTheta = 1e18;

    public static RopeConfig ReadText(JsonSection keys, int maxPositions)
    {
        var scaling = Scaling(keys);
        var theta = Theta(keys, scaling, TextTheta);
        var type = scaling is null ? "default" : TypeOf(scaling);
        // transformers 5 takes the model's own length where neither place names the original one.
        const string originalKey = "original_max_position_embeddings";
        var original = keys.Int(originalKey, maxPositions, 1, int.MaxValue);
        if (scaling is null || type == "default")
        {
            return new RopeConfig(theta, RopeType.Default, 1, 1, 1, original);
        }

        if (type != "llama3")
        {
            throw scaling.Bad("rope_type", $"is {type}; default and llama3 are supported", "Use a Llama 4 checkpoint.");
        }

        var low = Required(scaling, "low_freq_factor");
        var high = Required(scaling, "high_freq_factor");
        return high >= low
            ? new RopeConfig(theta, RopeType.Llama3, Required(scaling, "factor"), low, high, scaling.Int(originalKey, original, 1, int.MaxValue))
            : throw scaling.Bad("high_freq_factor", "is smaller than low_freq_factor");
    }

    public static double ReadVisionTheta(JsonSection keys)
    {
        var scaling = Scaling(keys);
        if (scaling is not null && TypeOf(scaling) is var type && type != "default")
        {
            throw scaling.Bad("rope_type", $"is {type}; the vision encoder supports default only", "Use a Llama 4 checkpoint.");
        }

        return Theta(keys, scaling, VisionTheta);
    }

    // Where a file has both names, transformers 5 too takes the older one.
    private static JsonSection? Scaling(JsonSection keys)
    {
        var renamed = keys.Section("rope_parameters");
        var scaling = keys.Section("rope_scaling") ?? renamed;
        if (scaling is null)
        {
            return null;
        }

        if (scaling.Number("partial_rotary_factor", 1, double.MinValue, double.MaxValue) != 1)
        {
            throw scaling.Bad("partial_rotary_factor", "is not 1, which is not supported", "Use a Llama 4 checkpoint.");
        }

        foreach (var (key, value) in scaling.Unread().Where(pair => pair.Value.ValueKind == JsonValueKind.Object))
        {
            throw scaling.Bad(key, $"is {JsonSection.Short(value)}: rotary positions by kind of layer are not supported", "Use a Llama 4 checkpoint.");
        }

        return scaling;
    }

    private static double Theta(JsonSection keys, JsonSection? scaling, double fallback)
    {
        var outer = keys.Number("rope_theta", fallback, 1, MaxTheta);
        return scaling?.Number("rope_theta", outer, 1, MaxTheta) ?? outer;
    }

    private static string TypeOf(JsonSection scaling)
    {
        var type = scaling.OptionalText("rope_type") ?? scaling.OptionalText("type");
        return type is null && scaling.Has("factor")
            ? throw scaling.Bad("rope_type", "is absent beside a factor: the kind of scaling is unknown")
            : type ?? "default";
    }

    private static double Required(JsonSection scaling, string key) =>
        scaling.OptionalNumber(key, 1e-6, 1e6) ?? throw scaling.Bad(key, "is absent, which rope_type llama3 needs");
}
