using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pipeline.Text;

/// <summary>Makes values of JSON; no text in it is trusted.</summary>
internal static class JsonValues
{
    /// <summary>The node as Python's json.loads reads it: objects as dicts in order, numbers with a point or exponent as floats.</summary>
    /// <exception cref="TemplateException">Nested too deeply, too large, or a key twice.</exception>
    public static Value Read(JsonNode? node, int depth = 0)
    {
        if (depth > TemplateLimits.ValueDepth)
        {
            throw TemplateException.Limit($"JSON nested deeper than {TemplateLimits.ValueDepth}");
        }

        return node switch
        {
            null => NoneValue.Instance,
            JsonArray array => new ListValue([.. array.Select(item => Read(item, depth + 1))]),
            JsonObject entries => ReadObject(entries, depth),
            _ => ReadScalar(node.AsValue()),
        };
    }

    private static DictValue ReadObject(JsonObject entries, int depth)
    {
        try
        {
            return new(entries.Select(entry => KeyValuePair.Create(Value.Of(MarkedText.Plain(entry.Key)), Read(entry.Value, depth + 1))));
        }
        catch (ArgumentException)
        {
            // JsonObject reads its keys when first asked for them.
            throw TemplateException.Runtime("a JSON object holds a key twice");
        }
    }

    private static Value ReadScalar(JsonValue value) => value.GetValueKind() switch
    {
        JsonValueKind.String => Value.Of(MarkedText.Plain(value.GetValue<string>())),
        JsonValueKind.True => BooleanValue.True,
        JsonValueKind.False => BooleanValue.False,
        JsonValueKind.Number => ReadNumber(value),
        _ => NoneValue.Instance,
    };

    private static Value ReadNumber(JsonValue value)
    {
        // A double made in C# prints without the point that tells it from an integer.
        if (value.TryGetValue<double>(out var number) && !value.TryGetValue<JsonElement>(out _))
        {
            return new FloatValue(number);
        }

        var text = value.ToJsonString();
        if (text.AsSpan().IndexOfAny('.', 'e', 'E') >= 0)
        {
            return new FloatValue(double.Parse(text, CultureInfo.InvariantCulture));
        }

        return text.Length <= TemplateLimits.IntegerBits
            ? Value.Of(BigInteger.Parse(text, CultureInfo.InvariantCulture))
            : throw TemplateException.Limit($"a JSON integer of {text.Length} digits is too long");
    }
}
