using System.Globalization;

namespace Pipeline.Engine.Configuration;

/// <summary>The text of a setting read as the type of its property, strictly: what is left over is an error.</summary>
internal static class OptionValue
{
    public static bool IsScalar(Type type) =>
        type.IsEnum || type == typeof(int) || type == typeof(long) || type == typeof(double) || type == typeof(bool)
        || type == typeof(string) || type == typeof(TimeSpan);

    /// <param name="property">The property's name: one that begins or ends with Bytes is a size.</param>
    public static bool TryParse(Type type, string property, string? text, out object? value)
    {
        value = text is null ? null : Parse(type, property, text);
        return value is not null;
    }

    /// <summary>What a value of this type looks like, for a message.</summary>
    public static string Describe(Type type, string property) => type switch
    {
        _ when type.IsEnum => "one of " + string.Join(", ", Enum.GetNames(type).Select(OptionsBinder.KeyOf)),
        _ when IsSize(type, property) => "a size such as 512MiB",
        _ when type == typeof(int) || type == typeof(long) => "a whole number",
        _ when type == typeof(double) => "a number",
        _ when type == typeof(bool) => "true or false",
        _ when type == typeof(TimeSpan) => "a time such as 500ms or 20s",
        _ => "a text",
    };

    private static object? Parse(Type type, string property, string text) => type switch
    {
        _ when type.IsEnum => Array.Find(
            Enum.GetNames(type), name => OptionsBinder.KeyOf(name) == text) is { } found ? Enum.Parse(type, found) : null,
        _ when IsSize(type, property) => ByteSize.TryParse(text, out var bytes) ? bytes : null,
        _ when type == typeof(int) => int.TryParse(text, NumberStyles.AllowLeadingSign, null, out var i) ? i : null,
        _ when type == typeof(long) => long.TryParse(text, NumberStyles.AllowLeadingSign, null, out var l) ? l : null,
        _ when type == typeof(double) => double.TryParse(text, NumberStyles.Float, null, out var d) && double.IsFinite(d) ? d : null,
        _ when type == typeof(bool) => text switch { "true" or "on" or "yes" => true, "false" or "off" or "no" => false, _ => null },
        _ when type == typeof(TimeSpan) => Duration(text),
        _ => text,
    };

    private static bool IsSize(Type type, string property) =>
        type == typeof(long) && (property.EndsWith("Bytes", StringComparison.Ordinal) || property.StartsWith("Bytes", StringComparison.Ordinal));

    private static object? Duration(string text) =>
        Split(text) is var (number, unit) && SecondsOf(unit) is { } seconds
            && double.TryParse(number, NumberStyles.AllowDecimalPoint, null, out var count)
            && count * seconds < TimeSpan.MaxValue.TotalSeconds
            ? TimeSpan.FromTicks((long)Math.Round(count * seconds * TimeSpan.TicksPerSecond))
            : null;

    private static double? SecondsOf(string unit) => unit switch
    {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86400,
        _ => null,
    };

    internal static (string Number, string Unit) Split(string text)
    {
        var end = text.AsSpan().IndexOfAnyExcept("0123456789.");
        return end < 0 ? (text, "") : (text[..end], text[end..].TrimStart());
    }
}
