using System.Text.Json.Nodes;

namespace Pipeline.Text;

/// <summary>
/// A checkpoint's chat template: Jinja as transformers runs it (immutable sandbox, trim_blocks, lstrip_blocks, loop controls,
/// its own tojson, raise_exception and strftime_now). Immutable, so that several threads may render at once.
/// </summary>
public sealed class ChatTemplate
{
    /// <summary>
    /// Roles are words of the protocol. A template may make a special token of one (<c>'&lt;|' + role + '|&gt;'</c>), so these
    /// few are trusted; by themselves they spell nothing.
    /// </summary>
    private static readonly HashSet<string> Roles =
        new(StringComparer.Ordinal) { "system", "user", "assistant", "tool", "ipython", "developer", "function", "model" };

    private readonly Block _block;
    private readonly string _name;

    private ChatTemplate(Block block, string name, ChatTemplate? withTools)
    {
        _block = block;
        _name = name;
        WithTools = withTools;
    }

    /// <summary>The checkpoint's other template, for prompts with tools, where it has one.</summary>
    private ChatTemplate? WithTools { get; }

    /// <summary>Reads chat_template.jinja, else chat_template.json, else tokenizer_config.json; null where none holds a template.</summary>
    /// <exception cref="PipelineException"><c>text.template.*</c>: broken JSON, not Jinja, or not supported, with file and line.</exception>
    public static ChatTemplate? Load(string directory) => ChatTemplateFiles.Load(directory);

    /// <summary>Parses a template; <paramref name="name"/> stands for it in messages.</summary>
    /// <exception cref="PipelineException"><c>text.template.*</c>, with the line.</exception>
    public static ChatTemplate Parse(string source, string name) => Parse(source, name, withTools: null);

    /// <summary>Renders the prompt. Trusted characters are those of the template and of the tokenizer variables.</summary>
    /// <exception cref="PipelineException">
    /// <c>text.template.raised</c> with the template's own message; <c>text.template.runtime</c>, <c>.unsupported</c> or
    /// <c>.limit</c> with the line.
    /// </exception>
    public MarkedText Render(JsonArray messages, ChatTemplateOptions options)
    {
        if (options.Tools is not null && WithTools is not null)
        {
            return WithTools.Render(messages, options);
        }

        Interpreter? interpreter = null;
        try
        {
            var variables = Variables(messages, options);
            var scope = new Scope(null);
            foreach (var (name, value) in variables)
            {
                scope.Set(name, value);
            }

            interpreter = new(new TemplateLimits(variables.Sum(variable => variable.Value.Weight)));
            return interpreter.Capture(_block, new(scope)).Marked;
        }
        catch (TemplateException failure)
        {
            throw Named(failure, _name, interpreter?.Line ?? 0);
        }
    }

    internal static ChatTemplate Parse(string source, string name, ChatTemplate? withTools)
    {
        try
        {
            return new(TemplateParser.Parse(source), name, withTools);
        }
        catch (TemplateException failure)
        {
            throw Named(failure, name, line: 0);
        }
    }

    private static PipelineException Named(TemplateException failure, string name, int line)
    {
        var at = failure.Line > 0 ? failure.Line : line;
        var place = at > 0 ? $"{name}:{at}" : name;
        return failure.Code switch
        {
            "text.template.raised" => new(failure.Code, failure.Message, $"The chat template ({place}) refuses these messages."),
            "text.template.unsupported" => new(failure.Code, $"{place}: {failure.Message}", "Use a chat template without it."),
            _ => new(failure.Code, $"{place}: {failure.Message}", "Check the chat template and the messages given to it."),
        };
    }

    private static List<KeyValuePair<string, Value>> Variables(JsonArray messages, ChatTemplateOptions options)
    {
        var variables = new List<KeyValuePair<string, Value>>
        {
            new("messages", new ListValue([.. messages.Select(message => TrustRole(JsonValues.Read(message)))])),
            new("add_generation_prompt", Value.Of(options.AddGenerationPrompt)),
            new("tools", JsonValues.Read(options.Tools)),
            new("documents", JsonValues.Read(options.Documents)),
            new("strftime_now", new NativeValue(StrftimeNow(options), NoneValue.Instance)),
        };
        foreach (var (name, token) in options.SpecialTokens ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            AddToken(variables, name, token);
        }

        AddToken(variables, "bos_token", options.BosToken);
        AddToken(variables, "eos_token", options.EosToken);
        AddToken(variables, "pad_token", options.PadToken);
        if (JsonValues.Read(options.Variables) is DictValue further)
        {
            variables.AddRange(further.Entries.Select(entry => KeyValuePair.Create(((TextValue)entry.Key).Text, entry.Value)));
        }

        return variables;
    }

    private static void AddToken(List<KeyValuePair<string, Value>> variables, string name, string? token)
    {
        if (token is not null)
        {
            variables.Add(new(name, Value.Of(MarkedText.Trusted(token))));
        }
    }

    private static Native StrftimeNow(ChatTemplateOptions options) => new(
        "strftime_now", "format", call => Value.Of(MarkedText.Plain(Strftime.Format(options.Now ?? DateTimeOffset.Now, call.Text(0).Text))));

    private static Value TrustRole(Value message) => message is DictValue dict
        ? new DictValue(dict.Entries.Select(entry => KeyValuePair.Create(entry.Key, IsKnownRole(entry) ? Trusted(entry.Value) : entry.Value)))
        : message;

    private static bool IsKnownRole(KeyValuePair<Value, Value> entry) =>
        entry is { Key: TextValue { Text: "role" }, Value: TextValue role } && Roles.Contains(role.Text);

    private static Value Trusted(Value text) => Value.Of(MarkedText.Trusted(((TextValue)text).Text));
}
