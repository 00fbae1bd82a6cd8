using Pipeline.Cluster.Placement;

namespace Pipeline.Cluster.Tests.Placement;

public sealed class GatheringTests
{
    private readonly Gathering _gathering = new(minimumExperts: 2, settle: TimeSpan.FromSeconds(1), deadline: TimeSpan.FromSeconds(10));

    [Fact]
    public void It_opens_when_nodes_and_memory_are_there_and_nobody_new_comes()
    {
        Assert.False(Look(0, placed: false, 5));
        Assert.False(Look(100, placed: false, 20, 5));
        Assert.False(Look(100, placed: false, 21, 5, 5));
        Assert.False(Look(100, placed: false, 21.9, 5, 5, 200));
        Assert.False(Look(100, placed: false, 22.5, 5, 5, 200));
        Assert.True(Look(100, placed: false, 22.9, 5, 5, 200));
    }

    [Fact]
    public void It_opens_at_the_deadline_with_what_there_is() => Assert.Equal(
        [false, false, true, true],
        new[] { Look(100, false, 0, 5), Look(100, false, 9.9, 5), Look(100, false, 10, 5), Look(100, false, 11) });

    [Fact]
    public void It_is_open_where_shards_are_placed_already() => Assert.True(Look(100, placed: true, 0));

    private bool Look(long needed, bool placed, double seconds, params long[] memory) => _gathering.Look(
        [.. memory.Select((bytes, i) => new PlacementNode($"n{i}", bytes, false, true, new HashSet<int>()))], needed, placed, TimeSpan.FromSeconds(seconds));
}
