using System.Diagnostics;
using System.Text;
using Xunit.Abstractions;

namespace Pipeline.Text.Tests.Tokenization;

/// <summary>Tests that take the time run by themselves.</summary>
[CollectionDefinition(nameof(TimedTests), DisableParallelization = true)]
public sealed class TimedTests;

/// <summary>Texts that are slow where a pre-token's length or a run is paid for twice.</summary>
[Collection(nameof(TimedTests))]
public class LinearTimeTests(ITestOutputHelper output)
{
    private const int Megabyte = 1_000_000;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    public static TheoryData<string> Units { get; } =
    [
        "a", "A", "가", "😀", " ", "\n", "\t", "  \n", "7", "=", "\u0301", "aA", "가A", "\u0301A", "ab ", " \u3000x", "'s", "<|", "<|eot|>", "<|eo",
        "The quick brown fox jumps over the lazy dog. ", "𝕳", "\uFFFD", "/\n", "!a1 ",
    ];

    [Theory]
    [MemberData(nameof(Units))]
    public void A_megabyte_of_anything_takes_under_two_seconds_with_the_demo_checkpoint(string unit) => Measure(Tokenizers.Tiny, unit);

    [SharedTheory(Tokenizers.Llama4File)]
    [MemberData(nameof(Units))]
    public void A_megabyte_of_anything_takes_under_two_seconds_with_llama_4(string unit) => Measure(Tokenizers.Llama4, unit);

    /// <summary>One pre-token of a megabyte in which all merges compete.</summary>
    [SharedFact(Tokenizers.Llama4File)]
    public void A_megabyte_of_random_letters_takes_under_two_seconds()
    {
        var random = new Random(1);
        MeasureText(Tokenizers.Llama4, string.Create(Megabyte, random, (letters, source) => source.GetItems("abcdefghijklmnopqrstuvwxyz", letters)));
    }

    private void Measure(Tokenizer tokenizer, string unit) =>
        MeasureText(tokenizer, new StringBuilder().Insert(0, unit, Megabyte / Encoding.UTF8.GetByteCount(unit)).ToString());

    private void MeasureText(Tokenizer tokenizer, string text)
    {
        // The best of three: what other processes take is not the tokenizer's.
        var best = TimeSpan.MaxValue;
        for (var run = 0; run < 3 && best > Limit / 4; run++)
        {
            var clock = Stopwatch.StartNew();
            var ids = tokenizer.Encode(text, recognizeSpecial: true);
            Assert.Equal(text, tokenizer.Decode(ids, skipSpecial: false));
            best = clock.Elapsed < best ? clock.Elapsed : best;
        }

        output.WriteLine($"{best.TotalSeconds:0.00} s");
        Assert.True(best < Limit, $"{best.TotalSeconds:0.00} s");
    }
}
