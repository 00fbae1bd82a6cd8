using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pipeline.Text;

/// <summary>Finds a checkpoint's chat template in the files that transformers knows for it.</summary>
internal static class ChatTemplateFiles
{
    public static ChatTemplate? Load(string directory) =>
        Read(directory, "chat_template.jinja", ChatTemplate.Parse) ?? Read(directory, "chat_template.json", FromJson)
        ?? Read(directory, "tokenizer_config.json", FromJson);

    /// <summary>The template in one file, null where the file or its template is missing.</summary>
    private static ChatTemplate? Read(string directory, string name, Func<string, string, ChatTemplate?> parse)
    {
        var path = Path.Combine(directory, name);
        try
        {
            return File.Exists(path) ? parse(File.ReadAllText(path), name) : null;
        }
        catch (Exception broken) when (broken is JsonException or ArgumentException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            throw new PipelineException(
                "text.template.file", $"{name}: {broken.Message}", "Check the file, or download it again with the checkpoint.", inner: broken);
        }
    }

    private static ChatTemplate? FromJson(string json, string name) => FromNode((JsonNode.Parse(json) as JsonObject)?["chat_template"], name);

    private static ChatTemplate? FromNode(JsonNode? node, string name) => node switch
    {
        null => null,
        JsonArray list => FromList(list, name),
        _ => ChatTemplate.Parse(node.GetValue<string>(), name),
    };

    /// <summary>Several named templates: the default, and tool_use for prompts with tools.</summary>
    private static ChatTemplate? FromList(JsonArray list, string name)
    {
        var sources = list.ToDictionary(item => TextOf(item, "name"), item => TextOf(item, "template"), StringComparer.Ordinal);
        var withTools = sources.TryGetValue("tool_use", out var tools) ? ChatTemplate.Parse(tools, $"{name} (tool_use)") : null;
        return sources.TryGetValue("default", out var source) ? ChatTemplate.Parse(source, $"{name} (default)", withTools) : withTools;
    }

    private static string TextOf(JsonNode? item, string key) =>
        (item as JsonObject)?[key]?.GetValue<string>() ?? throw new JsonException($"an entry of chat_template has no '{key}'");
}
