using System.Text.Json.Nodes;

namespace Pipeline.Text.Tests;

/// <summary>
/// Templates written in the manner of those that Llama 3, Qwen, Mistral, Gemma, DeepSeek and Phi ship: prompts equal Jinja2's
/// for turns, tools, tool calls, pictures and thoughts, and what they refuse is refused.
/// </summary>
public sealed class FamilyTemplateTests
{
    private static readonly string Folder = Path.Combine(SharedData.Root, "tests", "data", "chat", "families");

    private static readonly JsonArray Cases = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "cases.json")))!.AsArray();

    public static TheoryData<int, string> Numbers
    {
        get
        {
            var numbers = new TheoryData<int, string>();
            for (var i = 0; i < Cases.Count; i++)
            {
                numbers.Add(i, Cases[i]!["template"]!.GetValue<string>());
            }

            return numbers;
        }
    }

    [Theory]
    [MemberData(nameof(Numbers))]
    public void Prompt_EqualsJinja(int number, string template)
    {
        var one = Cases[number]!.AsObject();
        var options = TemplateRendering.Options with
        {
            AddGenerationPrompt = one["add_generation_prompt"]!.GetValue<bool>(),
            Tools = one["tools"] as JsonArray,
            Variables = one["variables"] as JsonObject,
        };
        string Render() => ChatTemplate.Parse(File.ReadAllText(Path.Combine(Folder, template)), template).Render(one["messages"]!.AsArray(), options).Text;
        if (one["error"] is null)
        {
            Assert.Equal(one["prompt"]!.GetValue<string>(), Render());
        }
        else
        {
            Assert.Contains(Assert.Throws<PipelineException>(Render).Code, new[] { "text.template.raised", "text.template.runtime" });
        }
    }
}
