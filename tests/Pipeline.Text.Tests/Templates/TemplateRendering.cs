using System.Text.Json.Nodes;

namespace Pipeline.Text.Tests;

/// <summary>Renders templates in one line for the tests of this folder.</summary>
internal static class TemplateRendering
{
    public static ChatTemplateOptions Options { get; } = new(AddGenerationPrompt: false)
    {
        BosToken = "<s>",
        EosToken = "</s>",
        Now = new DateTimeOffset(2024, 7, 6, 5, 4, 3, TimeSpan.Zero),
    };

    public static string Text(string template, string? variables = null) => Marked(template, variables).Text;

    public static MarkedText Marked(string template, string? variables = null) => ChatTemplate.Parse(template, "t").Render(
        [], Options with { Variables = variables is null ? null : JsonNode.Parse(variables)!.AsObject() });

    public static string Prompt(string template, string messages, ChatTemplateOptions options) =>
        ChatTemplate.Parse(template, "t").Render(JsonNode.Parse(messages)!.AsArray(), options).Text;

    /// <summary>The trusted characters kept, all others as dots.</summary>
    public static string Trusted(MarkedText text) =>
        string.Concat(text.Text.Select((c, i) => text.IsTrusted(i) ? c : '.'));
}
