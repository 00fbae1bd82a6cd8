using System.Text.Json;

namespace Pipeline.Checkpoints;

/// <summary>Keys that hold one token id or a list of them.</summary>
internal static class TokenIds
{
    public static IReadOnlyList<int>? Read(JsonSection keys, string key, int vocabulary) =>
        keys.Get(key) is { ValueKind: JsonValueKind.Array }
            ? keys.Ints(key, 0, vocabulary - 1)
            : keys.OptionalInt(key, 0, vocabulary - 1) is { } id ? [id] : null;
}
