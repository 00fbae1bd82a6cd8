namespace Pipeline.Checkpoints.Tests;

/// <summary>Shorthand for what a user would read.</summary>
internal static class Failures
{
    /// <summary>The message of the one exception that an action may throw.</summary>
    public static string MessageOf(Action action)
    {
        var failure = Assert.Throws<PipelineException>(action);
        Assert.False(string.IsNullOrWhiteSpace(failure.Code));
        Assert.Equal(FailureKind.Input, failure.Kind);
        return failure.Message;
    }

    /// <summary>Runs an action that may succeed or fail, but only as a user's mistake is told.</summary>
    /// <returns>Whether it failed.</returns>
    public static bool Refuses(Action action)
    {
        try
        {
            action();
            return false;
        }
        catch (PipelineException)
        {
            return true;
        }
    }
}
