using System.Text.Json;
using System.Text.Json.Nodes;
using Pipeline.Engine.Configuration;

namespace Pipeline.Bench;

/// <summary>A report for programs: one JSON object; rates, limits and shares each with median, lowest and highest.</summary>
internal static class BenchJson
{
    private const int Version = 1;

    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    public static string Of(BenchReport report)
    {
        var json = new JsonObject
        {
            ["version"] = Version,
            ["device"] = report.Device,
            ["processor"] = report.Processor,
            ["model"] = report.Model,
            ["parameters"] = report.Parameters,
            ["weight_bytes"] = report.WeightBytes,
            ["quantize"] = OptionsBinder.KeyOf(report.Quantization.ToString()),
            ["rounds"] = report.Plan.Rounds,
            ["decoded_tokens"] = report.Plan.Tokens,
            ["context_tokens"] = report.Plan.Context,
            ["limits"] = report.Limits is { } limits
                ? new JsonObject
                {
                    ["reading_bytes_per_second"] = Spread(limits.Reading),
                    ["copying_bytes_per_second"] = Spread(limits.Copying),
                    ["operations_per_second"] = Spread(limits.MultiplyAdds),
                    ["multiplication"] = limits.Multiplication,
                }
                : null,
        };
        foreach (var kind in new[] { "prefill", "decode", "vision" })
        {
            json[kind] = new JsonArray([.. report.Figures.Where(figure => figure.Kind == kind).Select(Figure)]);
        }

        return json.ToJsonString(s_indented) + "\n";
    }

    private static JsonObject Figure(BenchFigure figure)
    {
        var yields = figure.SizeUnit == "tiles" ? "tiles" : "tokens";
        var json = new JsonObject
        {
            [figure.SizeUnit] = figure.Size,
            [$"{yields}_per_second"] = Spread(figure.Rate),
            ["operations"] = figure.Operations,
            ["share_of_multiply_adds"] = Spread(figure.OfMultiplyAdds),
        };
        if (figure.Bytes > 0)
        {
            json["bytes"] = figure.Bytes;
            json["share_of_reading"] = Spread(figure.OfReading);
        }

        return json;
    }

    private static JsonObject? Spread(Series? series) => series is null
        ? null
        : new JsonObject { ["median"] = series.Median, ["lowest"] = series.Lowest, ["highest"] = series.Highest };
}
