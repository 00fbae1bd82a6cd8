using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Pipeline.Commands;

/// <summary>Options whose wrong values are told in this program's words.</summary>
internal static class OptionFactory
{
    public static Option<bool> Flag(string name, string description) => new(name) { Description = description };

    public static Option<string?> String(string name, string value, string description) =>
        new(name) { HelpName = value, Description = description };

    public static Option<string[]> Strings(string name, string value, string description) =>
        new(name) { HelpName = value, Description = description, Arity = ArgumentArity.OneOrMore, DefaultValueFactory = _ => [] };

    public static Option<int?> Whole(string name, string value, string description, int least, int most = int.MaxValue) =>
        new(name)
        {
            HelpName = value,
            Description = description,
            CustomParser = result => int.TryParse(result.Tokens[0].Value, NumberStyles.AllowLeadingSign, null, out var number)
                && number >= least && number <= most
                ? number
                : Refuse<int?>(result, name, most == int.MaxValue ? $"a whole number of at least {least}" : $"a whole number from {least} to {most}"),
        };

    /// <summary>Whole numbers with commas between; empty where none are given.</summary>
    public static Option<int[]> Wholes(string name, string value, string description, int least, int most) =>
        new(name)
        {
            HelpName = value,
            Description = description,
            Arity = ArgumentArity.ExactlyOne,
            DefaultValueFactory = _ => [],
            CustomParser = result =>
            {
                var numbers = Array.ConvertAll(result.Tokens[0].Value.Split(','), text => int.TryParse(text, NumberStyles.None, null, out var number) ? number : -1);
                return numbers.All(number => number >= least && number <= most)
                    ? numbers
                    : Refuse<int[]>(result, name, $"whole numbers from {least} to {most} with commas between");
            },
        };

    /// <param name="isValid">Which numbers are taken.</param>
    /// <param name="range">The same in words.</param>
    public static Option<double?> Number(string name, string value, string description, Func<double, bool> isValid, string range) =>
        new(name)
        {
            HelpName = value,
            Description = description,
            CustomParser = result => double.TryParse(result.Tokens[0].Value, NumberStyles.Float, null, out var number)
                && double.IsFinite(number) && isValid(number)
                ? number
                : Refuse<double?>(result, name, $"a number {range}"),
        };

    /// <summary>One of the names of an enumeration, in lower case.</summary>
    public static Option<T> Choice<T>(string name, string value, string description, T fallback, params T[] choices)
        where T : struct, Enum =>
        new(name)
        {
            HelpName = value,
            Description = description,
            DefaultValueFactory = _ => fallback,
            CustomParser = result =>
            {
                var found = Array.FindIndex(choices, choice => choice.ToString().ToLowerInvariant() == result.Tokens[0].Value);
                return found >= 0
                    ? choices[found]
                    : Refuse<T>(result, name, "one of " + string.Join(", ", choices.Select(choice => choice.ToString().ToLowerInvariant())));
            },
        };

    public static T? Refuse<T>(ArgumentResult result, string name, string expected)
    {
        result.AddError($"{name} {result.Tokens[^1].Value}: expected {expected}");
        return default;
    }
}
