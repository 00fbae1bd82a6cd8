using CsCheck;
using Pipeline.Cluster.Placement;

namespace Pipeline.Cluster.Tests.Placement;

public sealed class HeldShardsTests
{
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(3);

    [Fact]
    public void A_shard_is_told_when_it_is_warm_and_kept_a_while_after_its_entity_left()
    {
        var held = Create(memory: 2);
        held.Arrived(new ShardCopy(0, 0));
        Assert.Equal([0], held.Awaited);
        Assert.Equal(0, held.TakeNextToWarm(At(0)));
        Assert.Null(held.TakeNextToWarm(At(0)));
        Assert.Empty(held.Announced(At(0)));

        held.Warmed(0);
        Assert.Equal([0], held.Announced(At(0)));

        held.Left(new ShardCopy(0, 0), At(10));
        Assert.Equal([0], held.Announced(At(11.4)));
        Assert.Empty(held.Announced(At(11.5)));
        Assert.Empty(held.TakeExpired(At(12.9)));
        Assert.Equal([0], held.TakeExpired(At(13)));
        Assert.Empty(held.TakeExpired(At(14)));
    }

    [Fact]
    public void What_the_coordinator_orders_is_warmed_after_what_has_an_entity()
    {
        var held = Create(memory: 2);
        held.Order(new HashSet<int> { 0 }, At(0));
        held.Arrived(new ShardCopy(1, 0));

        Assert.Equal(1, held.TakeNextToWarm(At(0)));
        Assert.Equal(0, held.TakeNextToWarm(At(0)));
        held.Warmed(0);
        Assert.Equal([0], held.Announced(At(0)));

        held.Order(new HashSet<int>(), At(1));
        Assert.Empty(held.Announced(At(3)));
        Assert.Equal([0], held.TakeExpired(At(4)));
    }

    [Fact]
    public void What_this_node_stands_in_for_is_warmed_last_and_kept_a_while_when_it_ends()
    {
        var held = Create(memory: 2);
        held.StandIn(new HashSet<int> { 0 }, At(0));
        held.Order(new HashSet<int> { 1 }, At(0));
        Assert.Equal(1, held.TakeNextToWarm(At(0)));
        Assert.Equal(0, held.TakeNextToWarm(At(0)));
        held.Warmed(0);
        held.Warmed(1);
        Assert.Equal([0, 1], held.Announced(At(0)));

        held.Order(new HashSet<int> { 0 }, At(1));
        held.StandIn(new HashSet<int>(), At(1));
        Assert.Equal([0], held.Announced(At(3)));
        Assert.Equal([1], held.TakeExpired(At(4)));
    }

    [Fact]
    public void A_shard_waits_for_the_memory_of_one_that_is_about_to_go()
    {
        var held = Create(memory: 1);
        Warm(held, 0);
        held.Left(new ShardCopy(0, 0), At(0));
        held.Arrived(new ShardCopy(1, 0));
        Assert.Null(held.TakeNextToWarm(At(0)));

        Assert.Equal([0], held.TakeExpired(At(3)));
        Assert.Null(held.TakeNextToWarm(At(0)));
        held.Released(0);
        Assert.Equal(1, held.TakeNextToWarm(At(0)));
    }

    [Fact]
    public void A_shard_that_comes_back_while_it_lingers_is_warm_at_once()
    {
        var held = Create(memory: 1);
        Warm(held, 0);
        held.Left(new ShardCopy(0, 0), At(0));
        held.Arrived(new ShardCopy(0, 1));

        Assert.Equal([0], held.Announced(At(99)));
        Assert.Empty(held.TakeExpired(At(100)));
    }

    [Fact]
    public void A_shard_that_comes_back_while_it_is_released_is_loaded_again()
    {
        var held = Create(memory: 1);
        Warm(held, 0);
        held.Left(new ShardCopy(0, 0), At(0));
        Assert.Equal([0], held.TakeExpired(At(3)));
        held.Arrived(new ShardCopy(0, 0));
        Assert.Null(held.TakeNextToWarm(At(0)));

        held.Released(0);
        Assert.Equal(0, held.TakeNextToWarm(At(0)));
    }

    [Fact]
    public void A_shard_that_fails_three_times_is_refused_until_it_is_warm_or_the_failure_is_long_past()
    {
        var held = Create(memory: 2);
        held.Arrived(new ShardCopy(0, 0));
        Fail(held, 0, 0);
        Fail(held, 0, 2);
        Assert.Empty(held.Refused(At(2)));
        Fail(held, 0, 4);
        Assert.Equal([0], held.Refused(At(4)));

        // Its home is elsewhere now: what was learned stays.
        held.Left(new ShardCopy(0, 0), At(5));
        held.TakeExpired(At(9));
        Assert.Equal([0], held.Refused(At(63)));
        Assert.Empty(held.Refused(At(65)));

        held.Arrived(new ShardCopy(0, 0));
        Fail(held, 0, 401);
        Assert.Equal([0], held.Refused(At(401)));
        Assert.Equal(0, held.TakeNextToWarm(At(403)));
        held.Warmed(0);
        Assert.Empty(held.Refused(At(403)));
    }

    [Fact]
    public void Shards_that_cannot_be_loaded_keep_no_other_from_being_loaded_and_are_tried_in_turn_after_a_pause()
    {
        var held = Create(memory: 4);
        held.Arrived(new ShardCopy(0, 0));
        held.Arrived(new ShardCopy(1, 0));
        held.Order(new HashSet<int> { 2 }, At(0));
        Fail(held, 0, 1);
        Fail(held, 1, 2);

        Assert.Equal(2, held.TakeNextToWarm(At(2)));
        held.Warmed(2);
        Assert.Equal("0 fails", held.Problem);
        Assert.Null(held.TakeNextToWarm(At(3.9)));
        Fail(held, 0, 4);
        Assert.Null(held.TakeNextToWarm(At(5.9)));

        Assert.Equal(1, held.TakeNextToWarm(At(6)));
        held.Warmed(1);
        Assert.Equal("0 fails", held.Problem);
        Assert.Equal(0, held.TakeNextToWarm(At(6)));
        held.Warmed(0);
        Assert.Null(held.Problem);
        Assert.Equal([0, 1, 2], held.Announced(At(6)));
    }

    [Fact]
    public void Memory_is_never_exceeded_whatever_happens() =>
        Gen.Select(Gen.Int[0, 5], Gen.Int[0, 4]).Array[1, 60].Sample(steps =>
        {
            const int Memory = 3;
            var held = Create(Memory);
            var inMemory = new HashSet<int>();
            var warming = new HashSet<int>();
            var time = 0;
            foreach (var (shard, action) in steps)
            {
                time++;
                switch (action)
                {
                    case 0:
                        held.Arrived(new ShardCopy(shard, 0));
                        break;
                    case 1:
                        held.Left(new ShardCopy(shard, 0), At(time));
                        break;
                    case 2:
                        held.Order(new HashSet<int> { shard }, At(time));
                        break;
                    case 3 when warming.Count > 0:
                        held.Warmed(warming.First());
                        warming.Remove(warming.First());
                        break;
                    default:
                        foreach (var expired in held.TakeExpired(At(time)))
                        {
                            held.Released(expired);
                            Assert.True(inMemory.Remove(expired));
                        }

                        break;
                }

                if (held.TakeNextToWarm(At(time)) is { } next)
                {
                    Assert.True(inMemory.Add(next));
                    warming.Add(next);
                }

                Assert.True(inMemory.Count <= Memory);
                Assert.Subset(inMemory, held.Announced(At(time)).ToHashSet());
                Assert.Empty(held.Announced(At(time)).Intersect(warming));
            }
        });

    private static HeldShards Create(int memory) => new([.. Enumerable.Repeat(10L, 6)], 10L * memory, Linger);

    private static void Warm(HeldShards held, int shard)
    {
        held.Arrived(new ShardCopy(shard, 0));
        Assert.Equal(shard, held.TakeNextToWarm(At(0)));
        held.Warmed(shard);
    }

    private static void Fail(HeldShards held, int shard, int second)
    {
        Assert.Equal(shard, held.TakeNextToWarm(At(second)));
        held.Failed(shard, $"{shard} fails", At(second), TimeSpan.FromSeconds(2));
    }

    private static TimeSpan At(double seconds) => TimeSpan.FromSeconds(seconds);
}
