using System.Text.Json;

namespace Pipeline.Checkpoints;

/// <summary>
/// What becomes of keys of one kind of file that no reader asks for. Those that would change the computation, were they honoured,
/// are refused unless their value is neutral; those known to be harmless are passed over; the rest is reported by name.
/// </summary>
/// <param name="refused">Keys that change what is computed, with the values that don't; null is always neutral.</param>
/// <param name="harmless">Keys without effect on what is computed.</param>
/// <param name="hint">What to do about a refused key.</param>
internal sealed class KeyTable(
    IReadOnlyDictionary<string, Func<JsonElement, bool>> refused, IReadOnlySet<string> harmless, string hint)
{
    /// <summary>Refuses what would change the computation; adds what is unknown to <paramref name="unknown"/>.</summary>
    /// <exception cref="PipelineException">A key that is not supported; the message names file and key.</exception>
    public void Check(JsonSection section, List<string> unknown)
    {
        foreach (var (key, value) in section.Unread())
        {
            if (refused.TryGetValue(key, out var isNeutral))
            {
                if (!isNeutral(value))
                {
                    throw section.Bad(key, $"is {JsonSection.Short(value)}, which is not supported", hint);
                }
            }
            else if (!harmless.Contains(key))
            {
                unknown.Add($"{Path.GetFileName(section.File)}: {section.PathOf(key)}");
            }
        }
    }

    public static bool Never(JsonElement value) => false;

    public static bool IsFalse(JsonElement value) => value.ValueKind == JsonValueKind.False;

    public static bool IsTrue(JsonElement value) => value.ValueKind == JsonValueKind.True;

    public static bool IsZero(JsonElement value) => IsNumber(value, 0);

    public static bool IsOne(JsonElement value) => IsNumber(value, 1);

    public static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        _ => false,
    };

    private static bool IsNumber(JsonElement value, double expected) => value.ValueKind == JsonValueKind.Number && value.GetDouble() == expected;
}
