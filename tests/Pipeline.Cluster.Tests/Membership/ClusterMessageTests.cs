using System.Runtime.Serialization;
using Akka.Actor;
using Pipeline.Cluster.Membership;
using MessagePack;

namespace Pipeline.Cluster.Tests.Membership;

public sealed class ClusterMessageTests : IAsyncLifetime
{
    private readonly ActorSystem _system = ActorSystem.Create("messages", ClusterMessageSerializer.Settings.WithFallback("akka.stdout-loglevel = OFF\nakka.loglevel = OFF"));

    private static readonly NodeState State = new(
        "host:1", -7, 3, NodePhase.Leaving, NodeRoles.Engine | NodeRoles.Expert, "digest", "avx2", "host", 9, 1L << 40, 1L << 39, [1, 5], [6], 12.5, "a disk", [3, 6]);

    private static readonly UnplacedShard Unplaced = new(4, 100, 50, "no room");

    private static readonly IClusterMessage[] Samples =
    [
        new Hello(1, "host:1", "digest"),
        new Welcome([1, 2, 3], 2),
        new Refused("another model"),
        new NotYet(),
        State,
        new NodesQuery(1),
        new NodesReply([State, State with { Problem = null }], [Unplaced], [new ThinShard(5, 1, 2)]),
        new PlacementNews("host:1", [new NodeShards("host:2", [1, 2])], [new NodeShards("host:3", [2])], [Unplaced], ["host:3"]),
        new StartCopy(3, 1),
    ];

    public static TheoryData<int> Indexes => [.. Enumerable.Range(0, Samples.Length)];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _system.Terminate();

    [Fact]
    public void There_is_a_sample_of_every_message() => Assert.Equal(
        typeof(IClusterMessage).Assembly.GetTypes().Where(type => type.IsClass && typeof(IClusterMessage).IsAssignableFrom(type)).Select(type => type.Name).Order(StringComparer.Ordinal),
        Samples.Select(sample => sample.GetType().Name).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Indexes))]
    public void A_message_is_the_same_after_the_wire(int index)
    {
        var serializer = Assert.IsType<ClusterMessageSerializer>(_system.Serialization.FindSerializerFor(Samples[index]));
        var bytes = serializer.ToBinary(Samples[index]);
        var copy = serializer.FromBinary(bytes, serializer.Manifest(Samples[index]));

        Assert.IsType(Samples[index].GetType(), copy);
        Assert.Equal(bytes, serializer.ToBinary(copy));
        Assert.Equivalent(Samples[index], copy, strict: true);
    }

    [Theory]
    [MemberData(nameof(Indexes))]
    public void A_message_that_is_cut_off_is_refused(int index)
    {
        var serializer = (ClusterMessageSerializer)_system.Serialization.FindSerializerFor(Samples[index]);
        var bytes = serializer.ToBinary(Samples[index]);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.ThrowsAny<MessagePackSerializationException>(() => serializer.FromBinary(bytes[..length], serializer.Manifest(Samples[index])));
        }
    }

    /// <summary>What no node would say, and a broken or hostile one may.</summary>
    private static readonly IClusterMessage[] Impossible =
    [
        new Welcome([1, 2, 3], 0),
        new Welcome([1, 2, 3], 17),
        new Welcome(null!, 1),
        new Hello(1, null!, "digest"),
        State with { Shards = null! },
        State with { Shards = [5, 1] },
        State with { Shards = [1, 1] },
        State with { Warming = [-1] },
        State with { Refused = [65536] },
        State with { MemoryBytes = -1 },
        State with { HeldBytes = long.MinValue },
        State with { DataPort = 65536 },
        State with { RowsPerSecond = double.NaN },
        State with { Phase = (NodePhase)9 },
        State with { Roles = (NodeRoles)4 },
        State with { Digest = null! },
        new NodesReply([null!], [], []),
        new NodesReply([], [Unplaced with { MissingBytes = -1 }], []),
        new NodesReply([], [], [new ThinShard(5, 2, 2)]),
        new PlacementNews("host:1", null!, [], [], []),
        new PlacementNews("host:1", [new NodeShards("host:2", [7, 2])], [], [], []),
        new PlacementNews("host:1", [], [], [Unplaced with { Shard = -4 }], []),
        new PlacementNews("host:1", [], [], [], [null!]),
        new StartCopy(-1, 0),
        new StartCopy(0, 16),
        new StartCopy(0, int.MaxValue),
    ];

    [Fact]
    public void A_message_that_says_the_impossible_is_refused() => Assert.All(Impossible, message =>
    {
        var serializer = (ClusterMessageSerializer)_system.Serialization.FindSerializerFor(message);
        var bytes = serializer.ToBinary(message);
        Assert.Throws<SerializationException>(() => serializer.FromBinary(bytes, serializer.Manifest(message)));
    });

    [Fact]
    public void A_message_of_another_version_is_refused_by_name()
    {
        var serializer = (ClusterMessageSerializer)_system.Serialization.FindSerializerFor(State);

        Assert.Contains("node-state-9", Assert.Throws<SerializationException>(() => serializer.FromBinary([0x90], "node-state-9")).Message, StringComparison.Ordinal);
    }
}
