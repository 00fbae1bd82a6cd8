using System.Text.Json.Nodes;

namespace Pipeline.Text;

/// <summary>What a chat template is rendered with besides the messages.</summary>
/// <param name="AddGenerationPrompt">Whether the prompt ends where the assistant is to go on.</param>
public sealed record ChatTemplateOptions(bool AddGenerationPrompt)
{
    /// <summary>Tokenizer variables: their text is trusted. Null leaves the variable undefined.</summary>
    public string? BosToken { get; init; }

    public string? EosToken { get; init; }

    public string? PadToken { get; init; }

    /// <summary>More of them by name, as <see cref="Tokenizer.SpecialTokens"/> has them (<c>unk_token</c>, <c>image_token</c> ...).</summary>
    public IReadOnlyDictionary<string, string>? SpecialTokens { get; init; }

    /// <summary>Tools in the JSON-schema form of transformers; null is none.</summary>
    public JsonArray? Tools { get; init; }

    /// <summary>Documents for retrieval; null is none.</summary>
    public JsonArray? Documents { get; init; }

    /// <summary>What strftime_now prints; null is the clock's local time.</summary>
    public DateTimeOffset? Now { get; init; }

    /// <summary>Further variables by name; they win over all others.</summary>
    public JsonObject? Variables { get; init; }
}
