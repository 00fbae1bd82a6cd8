using System.Runtime.InteropServices;

namespace Pipeline.Kernels;

/// <summary>
/// A look at a driver's graphs before a run relies on them: a few decode steps of a layer, launch by launch and then as graphs, which must
/// give the same bits.
/// </summary>
internal static class GraphCheck
{
    private const int Steps = 4;
    private const int Rows = 3;
    private const int Hidden = 32;
    private const int PageTokens = 2;

    /// <summary>What is wrong with the device's graphs, or null. With nothing that makes them there is nothing wrong.</summary>
    /// <exception cref="PipelineException">The device failed.</exception>
    public static string? Difference(IlgpuDevice device)
    {
        var (capture, before) = (device.Launches.Capture, device.Launches.Graphs);
        device.Launches.Capture = null;
        var expected = Compute(device);
        device.Launches.Capture = capture;
        var actual = Compute(device);
        device.Launches.Forget();
        return capture is null ? null
            : !MemoryMarshal.AsBytes(expected.AsSpan()).SequenceEqual(MemoryMarshal.AsBytes(actual.AsSpan())) ? "a step that was replayed differs"
            : device.Launches.Graphs - before != Steps - 1 ? "the driver makes none" // the first step is the one that is repeated
            : null;
    }

    /// <summary>Each step's rows, one after the other: other tokens and positions each time, as in decoding.</summary>
    private static float[] Compute(IlgpuDevice device)
    {
        var random = new Random(Steps);
        var table = new StepTable(Rows, sequences: Rows, pages: Rows * Steps, pairs: Hidden / 2) { Rows = Rows, Sequences = Rows, Outputs = Rows };
        var (rows, key, value) = (device.Allocate("rows", Rows, Hidden), device.Allocate("key", Rows, Hidden), device.Allocate("value", Rows, Hidden));
        var (normed, attended, output) = (device.Allocate("normed", Rows, Hidden), device.Allocate("attended", Rows, Hidden), device.Allocate("output", Rows, Hidden));
        var pool = device.AllocateKv(new KvShape(Layers: 1, Rows * Steps, PageTokens, KvHeads: 1, Hidden));
        var (embedding, norm) = (DeviceCheck.Weight(device, random, 8, Hidden), DeviceCheck.Weight(device, random, 1, Hidden));
        var (raise, lower) = (DeviceCheck.Weight(device, random, Hidden, Hidden), DeviceCheck.Weight(device, random, Hidden, Hidden));
        var spec = new AttentionSpec(1, 1, Hidden, AttentionKind.Full, 0, Rotate: true, QueryKeyNorm.None, 0, ScaleQuery: false, 0.2f);
        var results = new float[Steps * Rows * Hidden];
        for (var step = 0; step < Steps; step++)
        {
            Fill(table, step);
            device.Upload(table);
            device.Embed(table, embedding, rows);
            device.Norm(NormKind.Rms, rows, Rows, norm, bias: null, 1e-5f, normed);
            device.Product(normed, Rows, [new Projection(raise, key), new Projection(lower, value)]);
            device.RotateAppend(table, spec, normed, key, value, pool, 0);
            device.Attend(table, spec, normed, pool, 0, attended);
            device.Product(attended, Rows, [new Projection(lower, rows, Epilogue: Epilogue.Residual, Residual: rows)]);
            device.GatherRows(table, rows, output);
            device.Read(output, 0, Rows, results.AsSpan(step * Rows * Hidden, Rows * Hidden));
        }

        return results;
    }

    private static void Fill(StepTable table, int step)
    {
        for (var row = 0; row < Rows; row++)
        {
            table.TokenIds[row] = (row + (3 * step)) % 8;
            table.Positions[row] = step + row;
            table.RowSequences[row] = table.OutputRows[row] = row;
            table.PageOffsets(AttentionKind.Full)[row] = row * Steps;
            for (var page = 0; page < Steps; page++)
            {
                table.Pages(AttentionKind.Full)[(row * Steps) + page] = (page * Rows) + row;
            }

            for (var pair = 0; pair < table.Pairs; pair++)
            {
                (table.Sines[(row * table.Pairs) + pair], table.Cosines[(row * table.Pairs) + pair]) = MathF.SinCos(step + row + pair);
            }
        }
    }
}
