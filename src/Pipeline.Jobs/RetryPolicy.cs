namespace Pipeline.Jobs;

/// <summary>
/// What each kind of failure means for a window. The input's own fault is final; what may pass is tried again up to
/// <c>jobs.attempts</c>; what died under a window is not its fault until it dies under the window alone; what is outside is
/// waited for up to <c>jobs.outside-deadline</c>.
/// </summary>
internal sealed class RetryPolicy(JobsOptions options, TimeProvider time)
{
    /// <summary>Counts the failure, sets the delay of the next attempt, and says whether the window ends with it.</summary>
    public bool Ends(WindowEntry entry, PipelineException failure)
    {
        if (failure.Kind != FailureKind.Outside)
        {
            (entry.OutsideSince, entry.OutsideFailures) = (null, 0);
        }

        switch (failure.Kind)
        {
            case FailureKind.Input:
                return true;
            case FailureKind.Own:
                entry.Delay = BackOff(entry.OwnFailures++);
                return entry.OwnFailures >= options.Attempts;
            case FailureKind.Shared:
                entry.Delay = TimeSpan.Zero;
                return ++entry.SharedFailures > WindowEntry.SharedLimit;
            case FailureKind.Outside:
                entry.OutsideSince ??= time.GetUtcNow();
                entry.Delay = BackOff(entry.OutsideFailures++);
                return time.GetUtcNow() - entry.OutsideSince >= options.OutsideDeadline;
            default:
                throw new ArgumentOutOfRangeException(nameof(failure), failure.Kind, message: null);
        }
    }

    /// <summary>The first retry's delay, doubled for each further one, up to 64 times.</summary>
    private TimeSpan BackOff(int failures) => options.RetryDelay * (1 << Math.Min(failures, 6));
}
