using Pipeline.Cluster.Membership;

namespace Pipeline.Cluster.Placement;

/// <summary>When a leaving node may go.</summary>
internal static class Handover
{
    /// <summary>Waits until this node has no shards, or none that another node is going to take.</summary>
    public static async Task WaitAsync(ClusterBoard board, string self, CancellationToken cancellation)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        board.Changed += Look;
        try
        {
            Look();
            await done.Task.WaitAsync(cancellation);
        }
        finally
        {
            board.Changed -= Look;
        }

        void Look()
        {
            if (IsDone(board.View, self))
            {
                done.TrySetResult();
            }
        }
    }

    public static bool IsDone(ClusterView view, string self)
    {
        var own = view.Nodes.FirstOrDefault(node => node.Node == self);
        if (own is null || own.Phase != NodePhase.Leaving)
        {
            return false;
        }

        // Who cannot be reached is back or removed in some seconds: what it may take is not known before.
        var others = view.Nodes
            .Where(node => node.Node != self && node.Roles.HasFlag(NodeRoles.Expert) && node.Phase is NodePhase.Ready or NodePhase.Unreachable)
            .ToList();
        return (own.Shards.Length == 0 && own.Warming.Length == 0)
            || others.Count == 0
            || (others.TrueForAll(node => node.Phase == NodePhase.Ready)
                && view.Placement is { } news && news.Leaving.Contains(self, StringComparer.Ordinal) && news.Departing.All(shards => shards.Node != self));
    }
}
