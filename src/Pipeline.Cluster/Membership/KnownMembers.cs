using Akka.Actor;
using Akka.Cluster;

namespace Pipeline.Cluster.Membership;

/// <summary>
/// The members and what they said last. By address and incarnation: a node that was restarted under its old address joins, in what Akka tells,
/// before the one that it replaces is removed. Plain data.
/// </summary>
internal sealed class KnownMembers
{
    private readonly HashSet<UniqueAddress> _members = [];
    private readonly HashSet<UniqueAddress> _unreachable = [];
    private readonly Dictionary<UniqueAddress, NodeState> _states = [];

    public IEnumerable<Address> Addresses => _members.Select(member => member.Address);

    /// <summary>Of the members that told theirs; <see cref="NodePhase.Unreachable"/> where they are.</summary>
    public IEnumerable<NodeState> States => _states.Select(entry =>
        _unreachable.Contains(entry.Key) ? entry.Value with { Phase = NodePhase.Unreachable } : entry.Value);

    public void Add(UniqueAddress member)
    {
        // One process at an address at a time: whoever was there before is gone.
        foreach (var former in _members.Where(other => other.Address == member.Address && other != member).ToList())
        {
            Remove(former);
        }

        _members.Add(member);
    }

    public void Remove(UniqueAddress member)
    {
        _members.Remove(member);
        _unreachable.Remove(member);
        _states.Remove(member);
    }

    /// <returns>Whether that is news. It may be said before the member is.</returns>
    public bool Mark(UniqueAddress member, bool reachable) => reachable ? _unreachable.Remove(member) : _unreachable.Add(member);

    /// <summary>Whether a member sent its own state, and not a process that was at its address before.</summary>
    public bool IsOfMember(Address sender, NodeState state) =>
        _members.Contains(new UniqueAddress(sender, state.Incarnation)) && state.Node == NodeName.Of(sender);

    /// <returns>Whether it was newer than what is known.</returns>
    public bool Take(Address sender, NodeState state)
    {
        var member = new UniqueAddress(sender, state.Incarnation);
        if (_states.TryGetValue(member, out var known) && known.Sequence >= state.Sequence)
        {
            return false;
        }

        _states[member] = state;
        return true;
    }
}
