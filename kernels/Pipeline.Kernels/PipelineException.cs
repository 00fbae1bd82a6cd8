namespace Pipeline;

/// <summary>Who is to blame for a failure, which decides whether it is tried again.</summary>
public enum FailureKind
{
    /// <summary>The input itself decides it (a damaged file, a bad setting): final at once.</summary>
    Input,

    /// <summary>The work itself failed in a way that may pass (a child was killed or hung): tried again, counted.</summary>
    Own,

    /// <summary>An actor or process died under the work: tried again, not counted.</summary>
    Shared,

    /// <summary>Something outside (disk, broker, database) is away: waits with back-off until a deadline.</summary>
    Outside,
}

/// <summary>An error that a user can act on: the message names the file or field, the hint says what to do.</summary>
/// <param name="code">Stable machine-readable name, lower case with dots: <c>media.no-video</c>.</param>
/// <param name="message">One line that names the file or field and what is wrong with it.</param>
/// <param name="hint">One line that says what to do, or null.</param>
/// <param name="kind">Whether trying again can help.</param>
/// <param name="inner">The cause, for the log.</param>
public class PipelineException(
    string code, string message, string? hint = null, FailureKind kind = FailureKind.Input, Exception? inner = null)
    : Exception(message, inner)
{
    public string Code { get; } = code;

    public string? Hint { get; } = hint;

    public FailureKind Kind { get; } = kind;
}
