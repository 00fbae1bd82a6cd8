namespace Pipeline.Kernels.Tests;

public sealed class PortableAllocationTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void No_operation_allocates_once_it_has_run(int threads)
    {
        using var team = new CpuTeam(threads);
        using var device = new PortableDevice(team);
        using var weights = new TestWeights(seed: 80);
        const int rows = 12, hidden = 64, innerSize = 512, experts = 4, slots = 2, heads = 4, headSize = 16;
        DeviceWeight Matrix(int outputs, int inputs, int parts = 1) =>
            device.Load(weights.Matrix(outputs, inputs, NumberFormat.BF16, WeightOrientation.OutputsByInputs, parts, range: 0.1f));

        var table = new StepTable(rows, sequences: 1, pages: 4, pairs: headSize / 2) { Rows = rows, Sequences = 1, VisualRows = 2, Outputs = 2 };
        for (var i = 0; i < rows; i++)
        {
            (table.TokenIds[i], table.Positions[i]) = (i, i);
        }

        var pool = device.AllocateKv(new KvShape(Layers: 1, Pages: 4, PageTokens: 16, heads, headSize));
        var attention = new AttentionSpec(heads, heads, headSize, AttentionKind.Full, 0, Rotate: true, QueryKeyNorm.AfterRotation, 1e-5f, ScaleQuery: true, 0.25f);
        var shape = new TileShape(Channels: 1, TileSize: 8, PatchSize: 4);
        var (x, y, z, gathered, logits) = (device.Allocate("x", rows, hidden), device.Allocate("y", rows, hidden), device.Allocate("z", rows, hidden), device.Allocate("g", 2, hidden), device.Allocate("logits", rows, 1000));
        var (inner, expertRows) = (device.Allocate("inner", rows * slots, innerSize), device.Allocate("expert rows", rows * slots, hidden));
        var (norm, embedding, head, router) = (device.Load(weights.Vector(hidden)), Matrix(rows, hidden), Matrix(1000, hidden), Matrix(experts, hidden));
        var moe = new ExpertWeights(Matrix(innerSize, hidden, experts), Matrix(innerSize, hidden, experts), Matrix(hidden, innerSize, experts), ScoreOn.Input);
        var (routing, choices) = (device.AllocateRouting(rows, slots), device.AllocateChoices(rows));
        var projections = new[] { new Projection(Matrix(hidden, hidden), y), new Projection(Matrix(hidden, hidden), z, norm, Epilogue.Residual, Residual: z) };
        var (pixels, patches, positioned, shuffled) = (device.Allocate("pixels", 1, 64), device.Allocate("patches", 4, 16), device.Allocate("positioned", 5, 16), device.Allocate("shuffled", 1, 64));
        var (classEmbedding, positions) = (device.Load(weights.Vector(16)), Matrix(5, 16));
        var angles = device.Allocate("angles", 4, headSize / 2);
        var (host, hostChoices) = (new float[rows * hidden], new TokenChoice[rows]);

        void Step()
        {
            device.Upload(host, x, 0);
            device.Upload(table);
            device.Embed(table, embedding, x);
            device.ScatterRows(table, y, x);
            device.Norm(NormKind.Rms, x, rows, norm, bias: null, 1e-5f, z);
            device.Product(x, rows, projections);
            device.RotateAppend(table, attention, x, y, z, pool, 0);
            device.Attend(table, attention, x, pool, 0, y);
            device.Route(x, rows, router, RouterScore.Sigmoid, routing);
            device.ExpertRows(x, routing, rows, moe, inner, expertRows);
            device.Combine(x, y, expertRows, rows, slots);
            device.GatherRows(table, x, gathered);
            device.Logits(x, rows, head, logits);
            device.Best(logits, rows, choices);
            device.Read(choices, rows, hostChoices);
            device.Read(x, 0, rows, host);
            device.Unfold(pixels, 1, shape, patches);
            device.AddPositions(patches, 1, classEmbedding, positions, positioned);
            device.PixelShuffle(positioned, 1, grid: 2, side: 2, shuffled);
            device.Rotate(x, y, rows, heads, angles, angles);
            device.AttendTiles(x, y, z, tiles: 2, tokens: 6, heads, 0.25f, x);
        }

        // The second pass also settles what the runtime makes on first use.
        Step();
        Step();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Step();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
