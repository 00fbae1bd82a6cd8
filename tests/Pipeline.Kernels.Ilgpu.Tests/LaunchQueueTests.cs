using System.Runtime.InteropServices;
using Pipeline.Checkpoints;
using Pipeline.Model;

namespace Pipeline.Kernels.Tests;

/// <summary>
/// A decode step is the same list of launches every time, and all that changes travels in the step table's one upload: shown by
/// replaying the list of an earlier step with a new table, with the same bits as launch by launch.
/// </summary>
public sealed class LaunchQueueTests(OptimizedSimulator fixture) : IClassFixture<OptimizedSimulator>
{
    private const int PageTokens = 4;

    public static TheoryData<string> Models => ["scout-like", "maverick-like"];

    [Theory]
    [MemberData(nameof(Models))]
    public void Decode_steps_of_a_model_replayed_are_the_bits_of_single_launches(string name)
    {
        // Sequences join and leave, and pass pages and attention chunks.
        int[] sequences = [2, 2, 2, 2, 2, 3, 3, 2, 2, 3];
        using var checkpoint = Checkpoint.Open(Path.Combine(SharedData.Root, "tests/data/goldens", name));
        using var direct = new IlgpuDevice(fixture.Runtime, ownsRuntime: false);
        var expected = Decode(direct, checkpoint, sequences);
        var queue = direct.Launches;
        using var replayed = new IlgpuDevice(fixture.Runtime, ownsRuntime: false);
        (queue.MostSteps, queue.Capture) = (sequences.Max(), enqueue => new Replay(enqueue));
        try
        {
            var (graphs, launches) = (0L, 0L);
            var actual = Decode(replayed, checkpoint, sequences, () => (graphs, launches) = (queue.Graphs, queue.Launches));

            Assert.True(MemoryMarshal.AsBytes(expected.AsSpan()).SequenceEqual(MemoryMarshal.AsBytes(actual.AsSpan())));
            Assert.Equal((sequences.Length, 0), (queue.Graphs - graphs, queue.Launches - launches));
        }
        finally
        {
            queue.Forget();
            queue.Capture = null;
        }
    }

    [Fact]
    public void A_step_that_is_not_as_before_goes_launch_by_launch_and_is_remembered_as_it_is()
    {
        using var device = new IlgpuDevice(fixture.Runtime, ownsRuntime: false);
        device.UseGraphs(most: 1, enqueue => new Replay(enqueue));
        Assert.EndsWith(", graphs", device.Description, StringComparison.Ordinal);
        var (source, first, second) = (device.Allocate("source", 2, 1), device.Allocate("first", 1, 1), device.Allocate("second", 1, 1));
        device.Upload([3f, 4f], source, 0);
        var table = new StepTable(rows: 1, sequences: 1, pages: 1, pairs: 1) { Rows = 1, Sequences = 1, Outputs = 1 };
        var queue = device.Launches;
        try
        {
            foreach (var (targets, graphs) in new[] { (1, 0), (1, 1), (2, 0), (2, 1), (1, 0), (1, 1) })
            {
                var before = queue.Graphs;
                table.OutputRows[0] ^= 1;
                device.Upload(table);
                DeviceBuffer[] wanted = targets == 1 ? [first] : [first, second];
                Array.ForEach(wanted, target => device.GatherRows(table, source, target));
                Assert.All(wanted, target => Assert.Equal([3f + table.OutputRows[0]], Read(device, target)));
                Assert.Equal(graphs, queue.Graphs - before);
            }
        }
        finally
        {
            queue.Forget();
            queue.Capture = null;
        }
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 3)]
    public void The_step_not_used_for_longest_makes_room(int most, int graphs)
    {
        using var device = new IlgpuDevice(fixture.Runtime, ownsRuntime: false);
        device.UseGraphs(most, enqueue => new Replay(enqueue));
        var (source, target) = (device.Allocate("source", 2, 1), device.Allocate("target", 2, 1));
        device.Upload([3f, 4f], source, 0);
        var table = new StepTable(rows: 2, sequences: 1, pages: 1, pairs: 1) { Sequences = 1 };
        var queue = device.Launches;
        try
        {
            var before = queue.Graphs;
            foreach (var rows in new[] { 1, 2, 1, 2, 1 })
            {
                table.Rows = table.Outputs = rows;
                (table.OutputRows[0], table.OutputRows[1]) = (1, 0);
                device.Upload(table);
                device.GatherRows(table, source, target);
                Assert.Equal([4f, 3f], Read(device, target).Take(rows).Append(3f).Take(2));
            }

            Assert.Equal(graphs, queue.Graphs - before);
        }
        finally
        {
            queue.Forget();
            queue.Capture = null;
        }
    }

    [Fact]
    public void Graphs_that_compute_otherwise_or_cannot_be_made_are_turned_off_by_name()
    {
        using var device = new IlgpuDevice(fixture.Runtime, ownsRuntime: false);

        device.UseGraphs(most: 1, _ => new Replay(() => { }));
        Assert.EndsWith(", no graphs: a step that was replayed differs", device.Description, StringComparison.Ordinal);
        Assert.Null(device.Launches.Capture);

        device.UseGraphs(most: 1, _ => null);
        Assert.EndsWith(", no graphs: the driver makes none", device.Description, StringComparison.Ordinal);
        Assert.Null(device.Launches.Capture);
    }

    /// <summary>Logits of every step, one token a sequence each; all of it twice, as scratch grows in the first round.</summary>
    private static float[] Decode(IlgpuDevice device, Checkpoint checkpoint, int[] sequences, Action? between = null)
    {
        var model = new Llama4Model(device, checkpoint);
        var text = checkpoint.Config.Text;
        var (most, pagesEach) = (sequences.Max(), (sequences.Length / PageTokens) + 1);
        var cache = new KvCache(device, text, most * pagesEach, PageTokens);
        var pass = new TextPass(model.Text, cache, new LocalExperts(model.Text), most, most, most);
        var (lengths, logits) = (new int[most], new List<float[]>());
        foreach (var (index, count) in sequences.Concat(sequences).Index())
        {
            if (index == sequences.Length)
            {
                Array.Clear(lengths);
                between?.Invoke();
            }

            pass.Step.Clear();
            for (var i = 0; i < count; i++)
            {
                int[] pages = [.. Enumerable.Range(0, pagesEach).Select(page => (page * most) + i)];
                pass.Step.BeginSequence(pages, pages);
                pass.Step.AddOutput(pass.Step.AddToken((7 * lengths[i]) + i + 1, lengths[i]++, RowRole.Generated));
            }

            pass.Start();
            while (pass.Advance() != PassState.Done)
            {
            }

            for (var i = 0; i < count; i++)
            {
                logits.Add(new float[text.VocabularySize]);
                pass.ReadLogits(i, logits[^1]);
            }
        }

        return [.. logits.SelectMany(row => row)];
    }

    /// <summary>What a driver's graph does, by the launches themselves.</summary>
    private sealed class Replay(Action enqueue) : ILaunchGraph
    {
        public void Launch() => enqueue();

        public void Dispose()
        {
            // Holds nothing.
        }
    }
}
