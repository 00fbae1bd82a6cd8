using CsCheck;
using Pipeline.Engine.Decoding;
using Pipeline.Kernels;
using Pipeline.Model;
using Pipeline.Text;

namespace Pipeline.Engine.Tests;

/// <summary>A session's text with the demo checkpoint's tokenizer.</summary>
public sealed class TextStreamTests
{
    private static readonly Tokenizer Tokenizer = Tokenizer.Load(Path.Combine(SharedData.Root, "models", "tiny-scout"));

    [Fact]
    public void A_stop_token_ends_the_text_and_is_no_part_of_it()
    {
        var stream = Create(stopIds: [IdOf("<|eot|>")]);

        var text = Feed(stream, [.. Encode("A rabbit."), IdOf("<|eot|>")]);

        Assert.Equal(("A rabbit.", FinishReason.Stop, true), (text, stream.Finish!.Value, stream.EndedByToken));
    }

    [Fact]
    public void Max_tokens_ends_the_text()
    {
        var ids = Encode("A rabbit moves up on a red background.");
        var stream = Create(maxTokens: 3);

        var text = Feed(stream, ids);

        Assert.Equal((Tokenizer.Decode(ids.AsSpan(0, 3), skipSpecial: true), FinishReason.Length, 3), (text, stream.Finish!.Value, stream.Tokens));
    }

    [Fact]
    public void Half_a_character_at_the_end_is_shown_as_such()
    {
        var ids = Encode("쮌");
        Assert.True(ids.Length > 1);
        var stream = Create(maxTokens: 1);

        Assert.Equal("\uFFFD", Feed(stream, ids));
    }

    /// <summary>Whatever the text and the stop strings, what is shown is the text before the stop that is complete first.</summary>
    [Fact]
    public void What_is_shown_ends_before_the_first_stop_string() =>
        Gen.Select(Gen.String[Gen.Char["ab "], 0, 40], Gen.String[Gen.Char["ab "], 1, 4].Array[1, 3]).Sample(
            (text, stops) =>
            {
                var stream = Create(stopStrings: stops);
                var shown = Feed(stream, Encode(text));
                var end = stops
                    .Select(stop => (At: text.IndexOf(stop, StringComparison.Ordinal), stop.Length))
                    .Where(found => found.At >= 0)
                    .OrderBy(found => found.At + found.Length)
                    .ThenBy(found => found.At)
                    .Select(found => found.At)
                    .FirstOrDefault(-1);
                if (end >= 0)
                {
                    Assert.Equal(text[..end], shown);
                    Assert.Equal(FinishReason.Stop, stream.Finish);
                }
                else
                {
                    Assert.StartsWith(shown, text, StringComparison.Ordinal);
                    Assert.InRange(text.Length - shown.Length, 0, stops.Max(stop => stop.Length) - 1);
                }
            },
            iter: TestCampaign.Iterations(500));

    private static TextStream Create(int maxTokens = 1000, IReadOnlyList<string>? stopStrings = null, IReadOnlyList<int>? stopIds = null) =>
        new(new DecodeSettings(SamplingOptions.Best with { StopIds = stopIds ?? [] }, maxTokens, stopStrings ?? []), Tokenizer);

    private static int[] Encode(string text) => Tokenizer.Encode(text, recognizeSpecial: false);

    private static int IdOf(string token) => Tokenizer.TryGetId(token, out var id) ? id : throw new InvalidOperationException(token);

    private static string Feed(TextStream stream, IEnumerable<int> ids)
    {
        var text = "";
        foreach (var id in ids)
        {
            if (stream.Finish is not null)
            {
                break;
            }

            text += stream.Take(new TokenChoice(id, LogProbability: 0, Finite: true));
        }

        return text;
    }
}
