using Pipeline.Checkpoints;
using Pipeline.Cluster.Planning;
using Pipeline.Cluster.Shards;
using Pipeline.Kernels;

namespace Pipeline.Cluster.Tests.Shards;

public sealed class ExpertStoreTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(1, 64)]
    [InlineData(4, 64)]
    [InlineData(7, 5)]
    [InlineData(21, 1)]
    public async Task Rows_are_those_of_the_whole_model_bit_for_bit(int shards, int rows)
    {
        await using var node = await StoreFixture.StartAsync(shards, rows);
        await WarmAllAsync(node);
        var requests = new List<TestRequest>();
        for (var i = 0; i < 60; i++)
        {
            requests.Add(node.Request(i % shards, layer: i % 3, rows: i % 9, seed: i, urgent: i % 4 == 0));
        }

        Parallel.ForEach(requests, node.Store.Enqueue);

        foreach (var request in requests)
        {
            Assert.Equal(ExpertOutcome.Done, await request.Ended.WaitAsync(Patience));
            Assert.Equal(request.Assignments.Length == 0 ? [] : node.Expected(request), request.Results);
        }

        Assert.Equal(requests.Sum(request => (long)request.Assignments.Length), node.Store.RowsComputed);
    }

    [Fact]
    public async Task What_waits_for_a_layer_of_a_shard_is_one_batch_whoever_asked()
    {
        await using var node = await StoreFixture.StartAsync(shards: 2, rows: 64);
        await WarmAllAsync(node);
        var requests = Enumerable.Range(0, 5).Select(i => node.Request(shard: 1, layer: 2, rows: 3, seed: i, urgent: i == 4)).ToArray();

        await WhileHeldAsync(node, () => Array.ForEach(requests, node.Store.Enqueue));

        await Task.WhenAll(requests.Select(request => request.Ended)).WaitAsync(Patience);
        Assert.Equal(1, node.Store.Batches);
        Assert.All(requests, request => Assert.Equal(node.Expected(request), request.Results));
    }

    [Fact]
    public async Task Urgent_requests_pass_the_others()
    {
        await using var node = await StoreFixture.StartAsync(shards: 2, rows: 4);
        await WarmAllAsync(node);
        var order = new List<bool>();
        var requests = Enumerable.Range(0, 12).Select(i =>
        {
            var made = node.Request(shard: i % 2, layer: i % 3, rows: 5, seed: i, urgent: i >= 8);
            return new TestRequest(made.Layer, made.Shard, made.Rows, made.Urgent, made.Input.ToArray(), made.Assignments.ToArray(), node.Hidden)
            {
                OnComplete = request => order.Add(request.Urgent),
            };
        }).ToArray();

        await WhileHeldAsync(node, () => Array.ForEach(requests, node.Store.Enqueue));

        await Task.WhenAll(requests.Select(request => request.Ended)).WaitAsync(Patience);
        Assert.Equal([true, true, true, true], order.Take(4));
        Assert.All(requests, request => Assert.Equal(node.Expected(request), request.Results));
    }

    [Fact]
    public async Task A_shard_that_is_not_held_is_said_so()
    {
        await using var node = await StoreFixture.StartAsync(shards: 3);
        await node.Store.WarmAsync(1, default);
        var (held, released, never) = (node.Request(1, 0, 2, 1), node.Request(1, 0, 2, 2), node.Request(2, 0, 2, 3));

        node.Store.Enqueue(held);
        node.Store.Enqueue(never);
        Assert.Equal(ExpertOutcome.Done, await held.Ended.WaitAsync(Patience));
        Assert.Equal(ExpertOutcome.NotHeld, await never.Ended);
        await node.Store.ReleaseAsync(1);
        node.Store.Enqueue(released);

        Assert.Equal(ExpertOutcome.NotHeld, await released.Ended);
        Assert.Empty(node.Store.Held);
    }

    [Fact]
    public async Task What_waits_for_a_released_shard_is_answered()
    {
        await using var node = await StoreFixture.StartAsync(shards: 3);
        await node.Store.WarmAsync(1, default);
        var request = node.Request(1, 0, 2, 1);
        var releasing = Task.CompletedTask;

        await WhileHeldAsync(node, () =>
        {
            releasing = node.Store.ReleaseAsync(1);
            node.Store.Enqueue(request);
        });

        await releasing.WaitAsync(Patience);
        Assert.Equal(ExpertOutcome.NotHeld, await request.Ended.WaitAsync(Patience));
    }

    [Fact]
    public async Task Requests_that_name_what_is_not_there_are_refused()
    {
        await using var node = await StoreFixture.StartAsync(shards: 3);
        await node.Store.WarmAsync(0, default);
        var foreign = node.Map.Members(1).First(id => id.Layer == 0).Expert;
        var own = node.Map.Members(0).First(id => id.Layer == 0).Expert;
        foreach (var (layer, rows, assignment, floats) in new[]
        {
            (0, 1, new ExpertAssignment(0, foreign, 1), node.Hidden),
            (0, 1, new ExpertAssignment(1, own, 1), node.Hidden),
            (0, 1, new ExpertAssignment(-1, own, 1), node.Hidden),
            (0, 1, new ExpertAssignment(0, -1, 1), node.Hidden),
            (0, 1, new ExpertAssignment(0, int.MaxValue, 1), node.Hidden),
            (3, 1, new ExpertAssignment(0, own, 1), node.Hidden),
            (-1, 1, new ExpertAssignment(0, own, 1), node.Hidden),
            (0, -1, new ExpertAssignment(0, own, 1), node.Hidden),
            (0, 2, new ExpertAssignment(0, own, 1), node.Hidden),
        })
        {
            var request = new TestRequest(layer, 0, rows, urgent: false, new float[floats], [assignment], node.Hidden);
            node.Store.Enqueue(request);
            Assert.Equal(ExpertOutcome.Failed, await request.Ended);
        }
    }

    [Fact]
    public async Task Shards_may_come_and_go_under_load()
    {
        await using var node = await StoreFixture.StartAsync(shards: 4, rows: 8);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(shard => Task.Run(() => MoveAsync(node, shard)))).WaitAsync(2 * Patience);

        Assert.Empty(node.Store.Held);
        Assert.Equal(0, node.Store.HeldBytes);
    }

    [Fact]
    public async Task A_shard_is_all_that_is_mapped_and_is_in_memory_when_it_is_warm()
    {
        await using var node = await StoreFixture.StartAsync(shards: 3, model: new RandomCheckpointOptions
        {
            TextOnly = true,
            Layers = 2,
            Experts = 6,
            HiddenSize = 256,
            IntermediateSize = 512,
        });
        var before = MemoryMap.Of(node.Folder);
        await node.Store.WarmAsync(2, default);
        var warm = MemoryMap.Of(node.Folder);
        await node.Store.ReleaseAsync(2);

        var bytes = 4 * 3L * sizeof(float) * 256 * 512;
        Assert.InRange(warm.Size - before.Size, bytes, bytes + (4 * 3 * 2 * 4096));
        Assert.InRange(warm.Resident - before.Resident, bytes, bytes + (4 * 3 * 32 * 4096));
        Assert.Equal(before.Size, MemoryMap.Of(node.Folder).Size);
    }

    [Theory]
    [InlineData(Quantization.Int8)]
    [InlineData(Quantization.Int4)]
    public async Task A_quantized_shard_takes_the_memory_that_its_map_says_and_keeps_no_file_mapped(Quantization quantization)
    {
        await using var node = await StoreFixture.StartAsync(
            shards: 3, model: new RandomCheckpointOptions { TextOnly = true, Layers = 2, Experts = 6, HiddenSize = 128, IntermediateSize = 96 }, quantization: quantization);
        var map = ShardMaps.Create(node.Checkpoint.Config.Text, node.Checkpoint.Summarize(), StoreFixture.Options() with { Shards = 3 });
        var before = MemoryMap.Of(node.Folder);
        await node.Store.WarmAsync(2, default);

        Assert.Equal(map.Bytes(2), node.Store.HeldBytes);
        Assert.Equal(before.Size, MemoryMap.Of(node.Folder).Size);
        var request = node.Request(2, layer: 0, rows: 5, seed: 1);
        node.Store.Enqueue(request);
        Assert.Equal(ExpertOutcome.Done, await request.Ended.WaitAsync(Patience));
        Assert.Equal(node.Expected(request), request.Results);
        await node.Store.ReleaseAsync(2);
        Assert.Equal(0, node.Store.HeldBytes);
    }

    [Fact]
    public async Task A_shard_that_cannot_be_read_is_refused_by_name()
    {
        await using var node = await StoreFixture.StartAsync(shards: 3);
        using (var file = new FileStream(Path.Combine(node.Folder, "model.safetensors"), FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.SetLength(file.Length / 16);
        }

        var refused = await Assert.ThrowsAsync<PipelineException>(() => node.Store.WarmAsync(2, default));

        Assert.Equal("experts.shard-unreadable", refused.Code);
        Assert.StartsWith($"shard 2: {node.Folder}", refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, node.Store.HeldBytes);
        Assert.False(node.Store.Holds(2));
    }

    [Fact]
    public async Task A_map_of_another_model_is_refused()
    {
        await using var node = await StoreFixture.StartAsync(shards: 3);
        var other = ShardMap.Create(node.Checkpoint.Config.Text with { Experts = 5 }, shards: 3);
        Assert.Equal(
            "experts.shard-map",
            Assert.Throws<PipelineException>(() => new ExpertStore(node.Lane, node.Checkpoint, other, StoreFixture.Options())).Code);
    }

    [Fact]
    public async Task Warming_can_be_cancelled_and_tried_again()
    {
        await using var node = await StoreFixture.StartAsync(shards: 3);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => node.Store.WarmAsync(2, new CancellationToken(canceled: true)));
        Assert.Equal(0, node.Store.HeldBytes);

        await node.Store.WarmAsync(2, default);
        await node.Store.WarmAsync(2, default);

        Assert.Equal([2], node.Store.Held);
        Assert.Equal(node.Map.Members(2).Count * 3L * sizeof(float) * 64 * 48, node.Store.HeldBytes);
    }

    /// <summary>Whatever is asked of a shard that comes and goes ends once: right, or "not held".</summary>
    private static async Task MoveAsync(StoreFixture node, int shard)
    {
        for (var round = 0; round < 25; round++)
        {
            var requests = Enumerable.Range(0, 12).Select(i => node.Request(shard, layer: i % 3, rows: 6, seed: (round * 12) + i, urgent: i % 3 == 0)).ToArray();
            await node.Store.WarmAsync(shard, default);
            Array.ForEach(requests[..4], node.Store.Enqueue);
            Assert.All(await Task.WhenAll(requests[..4].Select(request => request.Ended)), outcome => Assert.Equal(ExpertOutcome.Done, outcome));
            Array.ForEach(requests[4..8], node.Store.Enqueue);
            await node.Store.ReleaseAsync(shard);
            Array.ForEach(requests[8..], node.Store.Enqueue);
            var outcomes = await Task.WhenAll(requests.Select(request => request.Ended));
            Assert.All(outcomes[8..], outcome => Assert.Equal(ExpertOutcome.NotHeld, outcome));
            Assert.DoesNotContain(ExpertOutcome.Failed, outcomes);
            foreach (var done in requests.Where(request => request.Ended.Result == ExpertOutcome.Done))
            {
                Assert.Equal(node.Expected(done), done.Results);
            }
        }
    }

    private static Task WarmAllAsync(StoreFixture node) =>
        Task.WhenAll(Enumerable.Range(0, node.Map.Shards).Select(shard => node.Store.WarmAsync(shard, default))).WaitAsync(Patience);

    /// <summary>Does something while the device's thread is busy, so that what it enqueues waits together.</summary>
    private static async Task WhileHeldAsync(StoreFixture node, Action action)
    {
        using var done = new ManualResetEventSlim();
        using var busy = new ManualResetEventSlim();
        var held = node.Lane.Post(_ =>
        {
            busy.Set();
            return done.Wait(Patience);
        });
        Assert.True(busy.Wait(Patience));
        action();
        done.Set();
        Assert.True(await held);
    }
}
