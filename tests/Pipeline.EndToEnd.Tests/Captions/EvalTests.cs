using System.Text.Json;

namespace Pipeline.EndToEnd.Tests.Captions;

/// <summary>tiny-scout over real clips, pictures and questions, against what transformers answers.</summary>
public sealed class EvalTests
{
    private const double LeastShareEqual = 0.95;

    private sealed record Item(string File, string Prompt, string Answer, string Reference);

    [Fact]
    public async Task Answers_are_those_of_transformers_and_as_often_right()
    {
        var folder = Path.Join(SharedData.Root, "tests/data/eval");
        var items = File.ReadLines(Path.Join(folder, "manifest.jsonl"))
            .Select(line => JsonSerializer.Deserialize<Item>(line, JsonSerializerOptions.Web)!)
            .ToList();
        var answers = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var asked in items.GroupBy(item => item.Prompt, StringComparer.Ordinal))
        {
            var result = await Cli.RunAsync(
                ["caption", "--prompt", asked.Key, "--format", "jsonl", "--quiet", .. asked.Select(item => item.File)], folder);
            Assert.Equal((0, ""), (result.ExitCode, result.Error));
            foreach (var line in result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                var answer = JsonDocument.Parse(line).RootElement;
                answers[answer.GetProperty("source").GetString()!] = answer.GetProperty("caption").GetString()!;
            }
        }

        var differing = items.Where(item => answers[item.File] != item.Reference)
            .Select(item => $"{item.File}: {answers[item.File]} | {item.Reference}").ToList();
        Assert.True(differing.Count <= items.Count * (1 - LeastShareEqual), string.Join('\n', differing));
        Assert.InRange(
            items.Count(item => answers[item.File].Trim() == item.Answer), items.Count(item => item.Reference.Trim() == item.Answer) - 1, items.Count);
    }
}
