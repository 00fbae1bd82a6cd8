using System.Diagnostics;
using Pipeline.Cluster.Shards;

namespace Pipeline.Cluster.Wire;

/// <summary>What a request's time at a node went into.</summary>
internal static class ReplyTimes
{
    /// <summary>A reply's head with nothing but its times: from <paramref name="arrived"/> to the device, and from there until now.</summary>
    public static FrameHeader Of(ExpertRequest request, long arrived)
    {
        var now = Stopwatch.GetTimestamp();
        var taken = request.TakenAt >= arrived ? request.TakenAt : now;
        return new FrameHeader(
            FrameKind.Reply,
            Queued: (long)Stopwatch.GetElapsedTime(arrived, taken).TotalNanoseconds,
            Computed: (long)Stopwatch.GetElapsedTime(taken, now).TotalNanoseconds);
    }
}
