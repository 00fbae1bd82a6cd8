using System.Text.Json.Nodes;

namespace Pipeline.Jobs.Tests.Running;

/// <summary>The 60 clips, pictures and questions of tests/data/eval against what transformers answers with the same checkpoint.</summary>
[Collection(TestRun.Serial)]
public sealed class EvalTests
{
    [Fact]
    public async Task Answers_equal_the_reference_implementation()
    {
        var cases = File.ReadLines(TestRun.Clip("manifest.jsonl")).Select(line => JsonNode.Parse(line)!.AsObject()).ToArray();
        await using var run = await TestRun.StartAsync();
        var equal = 0;
        var right = 0;
        var referenceRight = 0;
        var differing = new List<string>();
        foreach (var group in cases.GroupBy(entry => (string)entry["prompt"]!))
        {
            var sink = new CollectingSink();
            await run.RunAsync([.. group.Select(entry => TestRun.Clip((string)entry["file"]!))], sink, Requests.With(group.Key));
            foreach (var (entry, caption) in group.Zip(sink.Captions))
            {
                var (reference, answer) = ((string)entry["reference"]!, ((string)entry["answer"]!).Trim());
                equal += caption == reference ? 1 : 0;
                right += caption.Trim() == answer ? 1 : 0;
                referenceRight += reference.Trim() == answer ? 1 : 0;
                if (caption != reference)
                {
                    differing.Add($"{entry["file"]}: {caption} (transformers: {reference})");
                }
            }
        }

        Assert.True(equal >= 0.95 * cases.Length, $"{equal} of {cases.Length} equal: {string.Join("; ", differing)}");
        Assert.True(right >= referenceRight - 1, $"{right} right, transformers has {referenceRight}");
    }
}
