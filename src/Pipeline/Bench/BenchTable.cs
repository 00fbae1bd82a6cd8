using System.Globalization;
using System.Text;
using Pipeline.Engine.Configuration;
using Pipeline.Kernels;

namespace Pipeline.Bench;

/// <summary>A report for people, plain text of at most 80 columns.</summary>
internal static class BenchTable
{
    private const int NameWidth = 24;
    private const int FigureWidth = 10;

    public static string Of(BenchReport report)
    {
        var plan = report.Plan;
        var text = new StringBuilder();
        text.Append(Invariant($"{report.Device}; {report.Processor}\n"))
            .Append(Invariant($"{report.Model}: {report.Parameters / 1e6:N1} M parameters, {report.WeightBytes / 1e9:N2} GB of weights{Held(report.Quantization)}\n"))
            .Append(Invariant($"medians of {plan.Rounds} rounds; decoding {plan.Tokens} tokens a sequence after {plan.Context}\n\n"));
        if (report.Limits is { } limits)
        {
            Line(text, "limits of the device", "median", "lowest", "highest", "");
            Line(text, "reading", limits.Reading, 1e-9, "GB/s");
            Line(text, "copying", limits.Copying, 1e-9, "GB/s");
            Line(text, "multiply-adds", limits.MultiplyAdds, 1e-9, $"GFLOP/s ({limits.Multiplication})");
            text.Append('\n');
        }

        Line(text, "", "median", "lowest", "highest", "a second   share of the limit");
        foreach (var figure in report.Figures)
        {
            var unit = figure.SizeUnit == "tiles" ? "tiles" : "tokens";
            Line(text, $"{figure.Kind}, {figure.Size} {Counted(figure)}", figure.Rate, 1, $"{unit,-9}  {Shares(figure)}");
        }

        return text.ToString();
    }

    private static string Held(Quantization quantization) =>
        quantization == Quantization.None ? "" : $", {OptionsBinder.KeyOf(quantization.ToString())}";

    private static string Counted(BenchFigure figure) => figure.Size == 1 ? figure.SizeUnit.TrimEnd('s') : figure.SizeUnit;

    private static string Shares(BenchFigure figure) => string.Join(", ", new[]
    {
        figure.OfReading is { } reading ? Invariant($"{reading.Median:P0} of reading") : null,
        figure.OfMultiplyAdds is { } multiplying ? Invariant($"{multiplying.Median:P0} of multiply-adds") : null,
    }.OfType<string>());

    private static void Line(StringBuilder text, string name, Series series, double scale, string unit) =>
        Line(text, "  " + name, Number(series.Median * scale), Number(series.Lowest * scale), Number(series.Highest * scale), unit);

    private static void Line(StringBuilder text, string name, string median, string lowest, string highest, string unit) =>
        text.Append((name.PadRight(NameWidth) + median.PadLeft(FigureWidth) + lowest.PadLeft(FigureWidth) + highest.PadLeft(FigureWidth) + "  " + unit).TrimEnd())
            .Append('\n');

    /// <summary>Three digits or more.</summary>
    private static string Number(double value) =>
        value.ToString(value >= 100 ? "N0" : value >= 10 ? "N1" : "N2", CultureInfo.InvariantCulture);

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
