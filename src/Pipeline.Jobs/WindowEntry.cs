using System.Text;

namespace Pipeline.Jobs;

/// <summary>Where one window of a run stands. Plain data of <see cref="JobProgress"/>, under its lock.</summary>
internal sealed class WindowEntry(CaptionInput input)
{
    /// <summary>Deaths under a window after which it runs alone.</summary>
    public const int SharedLimit = 3;

    public CaptionInput Input { get; } = input;

    /// <summary>Attempts that failed by the window's own fault.</summary>
    public int OwnFailures { get; set; }

    /// <summary>Attempts that ended because something died under them.</summary>
    public int SharedFailures { get; set; }

    /// <summary>So many attempts died that it may be what kills them.</summary>
    public bool IsSuspect => SharedFailures >= SharedLimit;

    /// <summary>When the first of a row of outside failures came.</summary>
    public DateTimeOffset? OutsideSince { get; set; }

    /// <summary>Outside failures in a row.</summary>
    public int OutsideFailures { get; set; }

    /// <summary>Wait before the next attempt.</summary>
    public TimeSpan Delay { get; set; }

    public CaptionResult? Result { get; set; }

    /// <summary>Text of the present attempt.</summary>
    public StringBuilder Text { get; } = new();

    /// <summary>What was given to the sink, by whichever attempt.</summary>
    public StringBuilder Delivered { get; } = new();

    /// <summary>Whether text at this place of the answer is what was delivered there.</summary>
    public bool Continues(int at, string text)
    {
        var common = Math.Clamp(Delivered.Length - at, 0, text.Length);
        return text.AsSpan(0, common).SequenceEqual(Delivered.ToString(Math.Min(at, Delivered.Length), common));
    }
}

/// <summary>One attempt at a window, handed out by <see cref="JobProgress.TakeAsync"/>.</summary>
/// <param name="Input">The window's input.</param>
/// <param name="Run">Which JobActor took it: answers of one that died are dropped.</param>
/// <param name="Delay">How long to wait before it starts.</param>
public sealed record WindowAttempt(CaptionInput Input, int Run, TimeSpan Delay);

/// <summary>What the writer does next.</summary>
public abstract record JobOutput(CaptionInput Input);

/// <summary>More text of the window that is written next.</summary>
public sealed record TextPiece(CaptionInput Input, string Text) : JobOutput(Input);

/// <summary>The result of the window that is written next.</summary>
public sealed record FinishedWindow(CaptionInput Input, CaptionResult Result) : JobOutput(Input);
