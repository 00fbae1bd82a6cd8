using Akka.Actor;
using Akka.Cluster;
using Pipeline.Cluster.Membership;

namespace Pipeline.Cluster.Tests.Membership;

/// <summary>What is told of a node that was restarted under its old address, in every order that Akka may tell it.</summary>
public sealed class KnownMembersTests
{
    private static readonly UniqueAddress Former = new(new Address("akka.tcp", "pipeline", "host", 1), 1);
    private static readonly UniqueAddress Present = new(new Address("akka.tcp", "pipeline", "host", 1), 2);

    [Fact]
    public void The_removal_of_a_process_does_not_take_the_one_that_replaced_it()
    {
        var members = new KnownMembers();
        members.Add(Former);
        Say(members, Former, 9);
        members.Mark(Former, reachable: false);
        Assert.Equal(NodePhase.Unreachable, Assert.Single(members.States).Phase);

        members.Add(Present);
        Assert.Empty(members.States);
        Say(members, Present, 1);
        members.Remove(Former);

        Assert.Equal([Present.Address], members.Addresses);
        var state = Assert.Single(members.States);
        Assert.Equal((Present.Uid, NodePhase.Ready), (state.Incarnation, state.Phase));
        members.Remove(Present);
        Assert.Empty(members.Addresses);
        Assert.Empty(members.States);
    }

    [Fact]
    public void Only_the_process_that_is_a_member_is_listened_to()
    {
        var members = new KnownMembers();
        Assert.False(members.IsOfMember(Former.Address, State(Former, 1)));
        members.Add(Former);
        Assert.False(members.IsOfMember(Present.Address, State(Present, 1)));
        Assert.False(members.IsOfMember(Former.Address, State(Former, 1) with { Node = "other:1" }));

        members.Add(Present);
        Assert.False(members.IsOfMember(Former.Address, State(Former, 1)));
        Say(members, Present, 2);
        Assert.False(members.Take(Present.Address, State(Present, 1)));
    }

    private static void Say(KnownMembers members, UniqueAddress member, long sequence)
    {
        Assert.True(members.IsOfMember(member.Address, State(member, sequence)));
        Assert.True(members.Take(member.Address, State(member, sequence)));
    }

    private static NodeState State(UniqueAddress member, long sequence) => new(
        "host:1", member.Uid, sequence, NodePhase.Ready, NodeRoles.Expert, "digest", "avx2", "host", 9, 1, 1, [], [], 0, null, []);
}
