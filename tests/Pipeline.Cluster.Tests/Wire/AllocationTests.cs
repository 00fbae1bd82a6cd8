using Pipeline.Cluster.Wire;

namespace Pipeline.Cluster.Tests.Wire;

/// <summary>What is allocated is counted for the whole process: nothing runs beside.</summary>
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
[Collection(nameof(AllocationTests))]
public sealed class AllocationTests
{
#if DEBUG
    // Every async method's state is an object of its own in such a build.
    private const int BytesARow = 64;
#else
    // A row's numbers alone are 80 bytes there and 80 back; what is left is the runtime's, now and then, for a frame.
    private const int BytesARow = 3;
#endif

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_steady_state_allocates_nothing_a_row_on_either_side(bool local)
    {
        await using var lab = new WireLab();
        var (first, second) = (lab.AddNode(), lab.AddNode());
        ExpertHost[] even = [local ? ExpertHost.Local : first.Host];
        ExpertHost[] odd = [second.Host];
        lab.Directory.Set(shard => shard % 2 == 0 ? even : odd);
        var pass = lab.AddPass();
        var random = new Random(1);
        Run(pass, random, steps: 500);
        var rows = lab.Client.Meters.Rows;
        var bytes = GC.GetTotalAllocatedBytes(precise: true);
        var collections = GC.CollectionCount(1);

        Run(pass, random, steps: 2_000);

        bytes = GC.GetTotalAllocatedBytes(precise: true) - bytes;
        rows = lab.Client.Meters.Rows - rows;
        Assert.True(rows > 100_000);
        Assert.True(bytes < BytesARow * rows, $"{bytes} bytes for {rows} rows");
        Assert.Equal(collections, GC.CollectionCount(1));
    }

    private static void Run(TestPass pass, Random random, int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            pass.End(pass.Begin(random, step % WireLab.Layers, rows: 64));
        }
    }
}
