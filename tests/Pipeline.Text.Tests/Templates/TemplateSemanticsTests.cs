using System.Text.Json.Nodes;

namespace Pipeline.Text.Tests;

/// <summary>
/// Every operator, filter, test, method and statement against what Jinja2 printed for the same template, whitespace control
/// included; where Jinja2 raised, a failure with our code for it.
/// </summary>
public sealed class TemplateSemanticsTests
{
    private static readonly JsonObject Expressions = Read("expressions.json");
    private static readonly JsonObject Statements = Read("statements.json");

    public static TheoryData<string, string?, string?> ExpressionCases => Cases(Expressions);

    public static TheoryData<string, string?, string?> StatementCases => Cases(Statements);

    [Theory]
    [MemberData(nameof(ExpressionCases))]
    public void Expression_PrintsAsJinja(string template, string? text, string? error) => Check(Expressions, template, text, error);

    [Theory]
    [MemberData(nameof(StatementCases))]
    public void Statement_PrintsAsJinja(string template, string? text, string? error) => Check(Statements, template, text, error);

    private static JsonObject Read(string name) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(SharedData.Root, "tests", "data", "chat", name)))!.AsObject();

    private static TheoryData<string, string?, string?> Cases(JsonObject data)
    {
        var cases = new TheoryData<string, string?, string?>();
        foreach (var one in data["cases"]!.AsArray())
        {
            cases.Add(one!["template"]!.GetValue<string>(), one["text"]?.GetValue<string>(), one["error"]?.GetValue<string>());
        }

        return cases;
    }

    private static void Check(JsonObject data, string template, string? text, string? error)
    {
        var variables = data["variables"]!.ToJsonString();
        if (error is null)
        {
            Assert.Equal(text, TemplateRendering.Text(template, variables));
        }
        else
        {
            Assert.Equal(error, Assert.Throws<PipelineException>(() => TemplateRendering.Text(template, variables)).Code);
        }
    }
}
