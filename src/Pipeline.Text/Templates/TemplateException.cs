namespace Pipeline.Text;

/// <summary>
/// A failure inside a template, before the template's name and, where it is thrown far from the syntax tree, the line are
/// known: <see cref="ChatTemplate"/> makes the <see cref="PipelineException"/> of it.
/// </summary>
internal sealed class TemplateException(string code, string message, int line = 0) : Exception(message)
{
    public string Code { get; } = code;

    /// <summary>One-based; 0 where the interpreter knows it.</summary>
    public int Line { get; } = line;

    /// <summary>The template is not Jinja.</summary>
    public static TemplateException Syntax(string message, int line) => new("text.template.syntax", message, line);

    /// <summary>Jinja knows it, this interpreter does not.</summary>
    public static TemplateException Unsupported(string what, int line = 0) =>
        new("text.template.unsupported", $"{what} is not supported", line);

    /// <summary>What Python would raise: a wrong type, an undefined value, a division by zero.</summary>
    public static TemplateException Runtime(string message) => new("text.template.runtime", message);

    /// <summary>A bound of <see cref="TemplateLimits"/> was reached.</summary>
    public static TemplateException Limit(string message, int line = 0) => new("text.template.limit", message, line);

    /// <summary>The template itself called raise_exception.</summary>
    public static TemplateException Raised(string message) => new("text.template.raised", message);
}
