using System.Text.Encodings.Web;
using System.Text.Json;

namespace Pipeline.Terminal;

/// <summary>What <c>--json</c> prints: one object on one line, keys in snake case.</summary>
internal static class JsonText
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static byte[] Of<T>(T value) => [.. JsonSerializer.SerializeToUtf8Bytes(value, s_options), (byte)'\n'];
}
