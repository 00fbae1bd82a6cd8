using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pipeline.Text;

/// <summary>Finds a checkpoint's chat template in the files that transformers knows for it.</summary>
internal static class ChatTemplateFiles
{
    public static ChatTemplate? Load(string directory)
    {
        var jinja = Path.Combine(directory, "chat_template.jinja");
        return File.Exists(jinja)
            ? ChatTemplate.Parse(File.ReadAllText(jinja), Path.GetFileName(jinja))
            : FromJson(directory, "chat_template.json") ?? FromJson(directory, "tokenizer_config.json");
    }

    private static ChatTemplate? FromJson(string directory, string name)
    {
        var path = Path.Combine(directory, name);
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            return FromNode((JsonNode.Parse(File.ReadAllText(path)) as JsonObject)?["chat_template"], name);
        }
        catch (Exception broken) when (broken is JsonException or ArgumentException or InvalidOperationException)
        {
            throw new PipelineException("text.template.file", $"{name}: {broken.Message}", "Download the checkpoint's file again.", inner: broken);
        }
    }

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
