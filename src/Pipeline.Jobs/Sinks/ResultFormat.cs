using System.Globalization;

namespace Pipeline.Jobs.Sinks;

/// <summary>How a result is written.</summary>
public enum OutputFormat
{
    Text,
    Jsonl,
    Srt,
    Vtt,
}

/// <summary>The written form of results: what stands before the first one, and each one.</summary>
public abstract class ResultFormat
{
    /// <summary>The ending of a file of this format, with its dot.</summary>
    public abstract string Extension { get; }

    /// <summary>What a file of this format begins with.</summary>
    public virtual string Header => "";

    /// <summary>Whether a result needs a duration, which a still has not.</summary>
    public virtual bool NeedsSpan => false;

    /// <summary>Whether a caption can be written piece by piece as it is decoded.</summary>
    public virtual bool Streams => false;

    /// <param name="format">Which.</param>
    /// <param name="single">The output holds the result of one input.</param>
    /// <param name="logprobs">Each token's log-probability is written too, which JSON lines alone have a place for.</param>
    public static ResultFormat Of(OutputFormat format, bool single, bool logprobs = false) => format switch
    {
        OutputFormat.Text => new TextFormat(single),
        OutputFormat.Jsonl => new JsonLinesFormat(logprobs),
        OutputFormat.Srt => new SubtitleFormat(".srt", "", ',', numbered: true),
        OutputFormat.Vtt => new SubtitleFormat(".vtt", "WEBVTT\n\n", '.', numbered: false),
        _ => throw new ArgumentOutOfRangeException(nameof(format)),
    };

    /// <summary>A piece of a caption as it is written; joined, the pieces are the caption without what ends it.</summary>
    public virtual string Piece(string text) => throw new NotSupportedException($"{Extension} is written whole.");

    /// <summary>A result as it is written; empty where this format has nothing for it.</summary>
    /// <param name="number">The result's number in its output, from 1.</param>
    public abstract string Write(CaptionResult result, int number);
}

/// <summary>The caption alone for one input; path, tab and caption for many, a line each.</summary>
internal sealed class TextFormat(bool single) : ResultFormat
{
    public override string Extension => ".txt";

    public override bool Streams => single;

    public override string Piece(string text) => DisplayText.Escape(text, keepLines: true);

    public override string Write(CaptionResult result, int number) => result switch
    {
        Caption caption when single => Piece(caption.Text) + "\n",
        Caption caption => $"{DisplayText.Escape(caption.Source)}\t{DisplayText.Escape(caption.Text)}\n",
        _ => "",
    };
}

/// <summary>SubRip and WebVTT: one cue over the captioned span.</summary>
internal sealed class SubtitleFormat(string extension, string header, char decimalMark, bool numbered) : ResultFormat
{
    public override string Extension => extension;

    public override string Header => header;

    public override bool NeedsSpan => true;

    public override string Write(CaptionResult result, int number) => result is Caption { Start: { } start, End: { } end } caption
        ? $"{(numbered ? $"{number}\n" : "")}{Time(start)} --> {Time(end)}\n{CueText(caption.Text)}\n\n"
        : "";

    private string Time(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours:00}:{time.Minutes:00}:{time.Seconds:00}{decimalMark}{time.Milliseconds:000}");

    /// <summary>A blank line would end the cue; WebVTT reads markup.</summary>
    private string CueText(string text)
    {
        var lines = text.ReplaceLineEndings("\n").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var cue = DisplayText.Escape(string.Join('\n', lines), keepLines: true);
        return numbered
            ? cue
            : cue.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal)
                .Replace(">", "&gt;", StringComparison.Ordinal);
    }
}
