using Pipeline.Jobs.Sinks;

namespace Pipeline.Jobs.Tests.Sinks;

public sealed class FormatTests
{
    [Fact]
    public void Text_of_many_is_a_line_each_whatever_it_holds()
    {
        var caption = Results.Caption(0) with { Source = "a\tb\u009b.mp4", Text = "one\ntwo\r\n\u0007고양이" };

        Assert.Equal("a\\tb\\u009b.mp4\tone\\ntwo\\r\\n\\u0007고양이\n", Write(OutputFormat.Text, caption));
        Assert.Empty(Write(OutputFormat.Text, Results.Failed(0)));
    }

    [Fact]
    public void A_jsonl_line_has_its_fields_in_order()
    {
        Assert.Equal(
            """{"version":1,"index":3,"source":"clip-3.mp4","kind":"video","start":0,"end":2,"prompt":"Describe the video.","caption":"a cat","tokens":2,"mean_logprob":-0.25,"finish_reason":"stop","truncated":false,"model":"tiny-scout","seconds":0.125}""" + "\n",
            Write(OutputFormat.Jsonl, Results.Caption(3)));
    }

    [Fact]
    public void Logprobs_end_a_jsonl_line_where_they_are_asked_for()
    {
        var format = ResultFormat.Of(OutputFormat.Jsonl, single: false, logprobs: true);

        Assert.EndsWith(
            ""","seconds":0.125,"logprobs":[{"token":"a","id":7,"logprob":-0.5},{"token":" cat","id":8,"logprob":0}]}""" + "\n",
            format.Write(Results.Caption(3), 1),
            StringComparison.Ordinal);
        Assert.EndsWith(""","seconds":null,"logprobs":null}""" + "\n", format.Write(Results.Failed(3), 1), StringComparison.Ordinal);
    }

    [Fact]
    public void A_failure_is_a_jsonl_line_with_an_error_for_the_caption()
    {
        Assert.Equal(
            """{"version":1,"index":3,"source":"clip-3.mp4","kind":null,"start":null,"end":null,"prompt":null,"error":{"code":"media.no-video","message":"no video stream (audio only)","hint":"name a video"},"tokens":null,"mean_logprob":null,"finish_reason":null,"truncated":null,"model":null,"seconds":null}""" + "\n",
            Write(OutputFormat.Jsonl, Results.Failed(3)));
    }

    [Fact]
    public void A_jsonl_line_keeps_control_characters_from_a_terminal()
    {
        var line = Write(OutputFormat.Jsonl, Results.Caption(0) with { Text = "\u001b[2J\u009b고\u007f\n" });

        Assert.DoesNotContain(line[..^1], char.IsControl);
        Assert.Contains("고", line, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cue_spans_the_duration_and_has_no_blank_line()
    {
        var caption = Results.Caption(0) with { End = new TimeSpan(0, 25, 1, 2, 345), Text = "one <b>\n\n two & three" };

        Assert.Equal("2\n00:00:00,000 --> 25:01:02,345\none <b>\ntwo & three\n\n", Write(OutputFormat.Srt, caption, number: 2));
        Assert.Equal("00:00:00.000 --> 25:01:02.345\none &lt;b&gt;\ntwo &amp; three\n\n", Write(OutputFormat.Vtt, caption));
        Assert.Equal("WEBVTT\n\n", ResultFormat.Of(OutputFormat.Vtt, single: true).Header);
    }

    private static string Write(OutputFormat format, CaptionResult result, int number = 1) =>
        ResultFormat.Of(format, single: false).Write(result, number);
}
