using System.Text.Json;
using Xunit.Abstractions;

namespace Pipeline.EndToEnd.Tests.Captions;

/// <summary>tiny-scout with quantized weights over clips, pictures and questions, against what transformers answers with those stored.</summary>
public sealed class QuantizedEvalTests(ITestOutputHelper output)
{
    private sealed record Item(string File, string Prompt, string Reference);

    /// <param name="count">Questions; all 60 in a long campaign.</param>
    /// <param name="least">Share of answers that are equal.</param>
    [Theory]
    [InlineData("int8", 20, 0.95)]
    [InlineData("int4", 20, 0.85)]
    public async Task Most_answers_stay_the_same(string quantize, int count, double least)
    {
        var folder = Path.Join(SharedData.Root, "tests/data/eval");
        var items = File.ReadLines(Path.Join(folder, "manifest.jsonl"))
            .Take(TestCampaign.IsLong ? int.MaxValue : count)
            .Select(line => JsonSerializer.Deserialize<Item>(line, JsonSerializerOptions.Web)!)
            .ToList();
        var equal = 0;
        foreach (var asked in items.GroupBy(item => item.Prompt, StringComparer.Ordinal))
        {
            var result = await Cli.RunAsync(
                ["caption", "--prompt", asked.Key, "--format", "jsonl", "--quiet", "--set", $"pipeline.device.quantize={quantize}", .. asked.Select(item => item.File)], folder);
            Assert.Equal((0, ""), (result.ExitCode, result.Error));
            var references = asked.ToDictionary(item => item.File, item => item.Reference, StringComparer.Ordinal);
            foreach (var line in result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                var answer = JsonDocument.Parse(line).RootElement;
                var (file, caption) = (answer.GetProperty("source").GetString()!, answer.GetProperty("caption").GetString()!);
                equal += caption == references[file] ? 1 : 0;
                output.WriteLine(caption == references[file] ? $"{file}: equal" : $"{file}: {caption} | {references[file]}");
            }
        }

        output.WriteLine($"{quantize}: {equal} of {items.Count} answers are equal");
        Assert.InRange(equal / (double)items.Count, least, 1);
    }
}
