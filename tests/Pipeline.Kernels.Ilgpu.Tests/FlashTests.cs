using ILGPU;
using ILGPU.Runtime;
using Xunit.Abstractions;

namespace Pipeline.Kernels.Tests;

/// <summary>
/// Attention on the tensor cores through the device's own calls, on the simulator, with the kernel itself executed on the host from the PTX that
/// CUDA is given: whole launches, group by group, cp.async, barriers, shuffles and mma.sync as the PTX ISA says.
/// </summary>
public sealed class FlashTests : IClassFixture<WideSimulator>
{
    /// <summary>Of a result, for values in [-1, 1) and scores of a few units: queries, keys, values and weights are rounded to BF16 (a relative error of up to 2^-9).</summary>
    private const double Rounded = 1.5e-2;

    /// <summary>Against the twin that rounds at the same places: sums of weights are added in another order.</summary>
    private const double Twin = 2e-6;

    private static readonly Lazy<string> s_ptx = new(() => PtxLaunch.Generate(
        typeof(FlashKernels).GetMethod(nameof(FlashKernels.Attend))!, new KernelSpecialization(FlashTile.Threads, FlashTile.Groups)));

    private static readonly Lazy<PtxProgram> s_program = new(() => new PtxProgram(s_ptx.Value));

    private readonly IlgpuRuntime _runtime;
    private readonly ITestOutputHelper _output;
    private PtxProgram _program = s_program.Value;
    private bool _late;
    private int _launches;

    public FlashTests(WideSimulator fixture, ITestOutputHelper output)
    {
        (_runtime, _output) = (fixture.Runtime, output);
        _runtime.Flash = Launch;
    }

    /// <summary>Heads, key/value heads, head size, chunk, and of each sequence the tokens before the step and those in it.</summary>
    [Theory]
    [InlineData(5, 1, 128, 0, new[] { 0, 70 }, 1, false)]
    [InlineData(5, 1, 128, 0, new[] { 0, 70 }, 1, true)]
    [InlineData(3, 1, 32, 0, new[] { 0, 9, 101, 40 }, 2, true)]
    [InlineData(4, 2, 64, 24, new[] { 15, 66 }, 4, true)]
    [InlineData(2, 2, 88, 0, new[] { 190, 12 }, 1, false)]
    [InlineData(8, 1, 16, 128, new[] { 119, 146 }, 3, false)]
    public void Many_rows_of_a_sequence_attend_as_double_precision_does(
        int heads, int kvHeads, int headSize, int chunk, int[] sequences, int launches, bool late)
    {
        _late = late;
        var spec = new AttentionSpec(
            heads, kvHeads, headSize, AttentionKind.Full, chunk, Rotate: false, QueryKeyNorm.None, 0, ScaleQuery: false, 2f / MathF.Sqrt(headSize));
        Matches(device => Prefill(device, spec, [.. sequences.Chunk(2).Select(pair => (pair[0], pair[1]))]), launches);
    }

    [Fact]
    public void Rows_that_are_few_keep_to_the_kernel_of_few()
    {
        var spec = new AttentionSpec(2, 1, 40, AttentionKind.Full, 0, Rotate: false, QueryKeyNorm.None, 0, ScaleQuery: false, 0.3f);
        Matches(device => Prefill(device, spec, [(9, 1), (0, 20), (3, 2)]), launches: 1);
    }

    [Theory]
    [InlineData(36, NumberFormat.BF16)]
    [InlineData(40, NumberFormat.F32)]
    public void Heads_of_odd_sizes_and_models_of_float32_keep_float32(int headSize, NumberFormat weights)
    {
        var spec = new AttentionSpec(2, 1, headSize, AttentionKind.Full, 0, Rotate: false, QueryKeyNorm.None, 0, ScaleQuery: false, 0.3f);
        Assert.InRange(Matches(device => Prefill(device, spec, [(0, 12)]), launches: 0, weights), 0, Budget.Attention(headSize, keys: 12));
    }

    [Theory]
    [InlineData(2, 65, 2, 88, false)]
    [InlineData(1, 130, 3, 32, true)]
    public void Tiles_attend_as_double_precision_does(int tiles, int tokens, int heads, int headSize, bool late)
    {
        _late = late;
        using var numbers = new TestWeights(seed: tokens);
        float[][] all = [.. Enumerable.Range(0, 3).Select(_ => numbers.Numbers(tiles * tokens * heads * headSize))];
        Matches(
            device =>
            {
                var (rows, output) = (tiles * tokens, device.Allocate("output", tiles * tokens, heads * headSize));
                device.AttendTiles(
                    Upload(device, all[0], rows), Upload(device, all[1], rows), Upload(device, all[2], rows), tiles, tokens, heads, 2f / MathF.Sqrt(headSize), output);
                return Read(device, output);
            },
            launches: 1);
    }

    [Fact]
    public void Sets_whose_keys_do_not_fit_together_go_one_launch_after_the_other()
    {
        const int tiles = 2, tokens = 20, heads = 3, headSize = 32, sets = tiles * heads, together = 4;
        using var numbers = new TestWeights(seed: 2);
        using var device = Open(NumberFormat.BF16);
        DeviceBuffer Rows() => Upload(device, numbers.Numbers(tiles * tokens * heads * headSize), tiles * tokens);
        var (query, key, value, whole, parts) = (Rows(), Rows(), Rows(), Rows(), Rows());
        device.AttendTiles(query, key, value, tiles, tokens, heads, 0.3f, whole);
        Assert.Equal(1, _launches);

        static ArrayView<float> View(DeviceBuffer buffer) => ((IlgpuBuffer)buffer).View;
        var setChunks = 2L * FlashTile.Keys * headSize / 8;
        using var few = new FlashAttention(_runtime, (together * setChunks) + 1);
        few.AttendTiles(View(query), View(key), View(value), View(parts), new TileAttendShape(tiles * tokens, tokens, heads, headSize, 0.3f));
        Assert.Equal(1 + ((sets + together - 1) / together), _launches);
        Assert.Equal(Read(device, whole), Read(device, parts));
    }

    [Fact]
    public void A_row_attends_alike_in_any_run()
    {
        const int headSize = 32, heads = 3;
        var spec = new AttentionSpec(heads, 1, headSize, AttentionKind.Chunked, 80, Rotate: false, QueryKeyNorm.None, 0, ScaleQuery: false, 0.4f);
        using var device = Open(NumberFormat.BF16);
        var whole = Prefill(device, spec, [(0, 170)]);
        Assert.Equal(whole[(101 * heads * headSize)..], Prefill(device, spec, [(101, 69)]));
    }

    /// <summary>What would go unseen on the host would be found on a GPU only, if at all.</summary>
    [Theory]
    [InlineData("cp.async.wait_group 1;", "cp.async.wait_group 2;", true)]
    [InlineData("bar.sync 0;", "", true)]
    [InlineData("bar.sync 0;", "", false)]
    [InlineData(".trans", "", false)]
    [InlineData("shfl.sync.bfly.b32 pair1, total1, 2,", "shfl.sync.bfly.b32 pair1, total1, 1,", false)]
    [InlineData("setp.gt.s32 seen, %r", "setp.ge.s32 seen, %r", false)]
    public void What_is_wrong_in_a_kernel_shows(string right, string wrong, bool late)
    {
        Assert.Contains(right, s_ptx.Value, StringComparison.Ordinal);
        (_program, _late) = (new PtxProgram(s_ptx.Value.Replace(right, wrong, StringComparison.Ordinal)), late);
        var spec = new AttentionSpec(4, 1, 32, AttentionKind.Full, 0, Rotate: false, QueryKeyNorm.None, 0, ScaleQuery: false, 0.4f);
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => Matches(device => Prefill(device, spec, [(120, 30)]), launches: 1));
    }

    [Fact]
    public void A_run_ends_with_its_sequence_its_chunk_and_its_order()
    {
        var table = new StepTable(rows: 9, sequences: 2, pages: 1, pairs: 1) { Rows = 9, Sequences = 2 };
        int[] positions = [6, 7, 8, 9, 3, 4, 5, 5, 7];
        positions.CopyTo(table.Positions, 0);
        table.RowSequences.AsSpan(5).Fill(1);
        int[] Ends(int chunk) => [.. Enumerable.Range(0, table.Rows).Select(row => IlgpuDevice.EndOfRun(table, row, chunk))];
        Assert.Equal([4, 4, 4, 4, 5, 7, 7, 8, 9], Ends(0));
        Assert.Equal([2, 2, 4, 4, 5, 7, 7, 8, 9], Ends(8));
    }

    [Fact]
    public void Eight_rows_that_are_read_or_copied_together_lie_in_different_banks()
    {
        for (var first = 0; first < FlashTile.Threads; first += 8)
        {
            int Banks(Func<int, int> place) => Enumerable.Range(first, 8).Select(thread => place(thread) / 16 % 8).Distinct().Count();
            Assert.Equal(8, Banks(FlashTile.KeyAddress));
            Assert.Equal(8, Banks(FlashTile.ValueAddress));
            Assert.Equal(8, Banks(thread => FlashTile.Chunk(FlashTile.CopyRow(thread), FlashTile.CopyChunk(thread))));
        }
    }

    /// <summary>Appends what comes before the step, then appends and attends the step's rows, all sequences in one.</summary>
    private static float[] Prefill(IDevice device, AttentionSpec spec, (int Before, int Rows)[] sequences)
    {
        const int pageTokens = 8;
        using var numbers = new TestWeights(seed: spec.HeadSize);
        int Pages(int sequence) => (sequences[sequence].Before + sequences[sequence].Rows + pageTokens - 1) / pageTokens;
        var pages = Enumerable.Range(0, sequences.Length).Sum(Pages);
        var pool = device.AllocateKv(new KvShape(Layers: 2, pages, pageTokens, spec.KvHeads, spec.HeadSize));
        float[][] Tokens(int heads) => [.. sequences.Select(sequence => numbers.Numbers((sequence.Before + sequence.Rows) * heads * spec.HeadSize))];
        var (queries, keys, values) = (Tokens(spec.Heads), Tokens(spec.KvHeads), Tokens(spec.KvHeads));
        float[] Append(Func<(int Before, int Rows), Range> positions, bool attend)
        {
            var steps = sequences.Select(positions).ToArray();
            var rows = steps.Sum(step => step.End.Value - step.Start.Value);
            if (rows == 0)
            {
                return [];
            }

            var table = new StepTable(rows, sequences.Length, pages, spec.HeadSize / 2) { Rows = rows, Sequences = sequences.Length };
            var (row, entry) = (0, 0);
            for (var sequence = 0; sequence < sequences.Length; sequence++)
            {
                table.PageOffsets(spec.Kind)[sequence] = entry;
                for (var page = 0; page < Pages(sequence); page++, entry++)
                {
                    table.Pages(spec.Kind)[entry] = pages - 1 - entry;
                }

                for (var position = steps[sequence].Start.Value; position < steps[sequence].End.Value; position++, row++)
                {
                    (table.RowSequences[row], table.Positions[row]) = (sequence, position);
                }
            }

            DeviceBuffer Step(float[][] tokens, int heads)
            {
                var columns = heads * spec.HeadSize;
                return Upload(device, [.. steps.SelectMany((step, i) => tokens[i][(step.Start.Value * columns)..(step.End.Value * columns)])], rows);
            }

            var (query, output) = (Step(queries, spec.Heads), device.Allocate("output", rows, spec.Heads * spec.HeadSize));
            device.Upload(table);
            device.RotateAppend(table, spec, query, Step(keys, spec.KvHeads), Step(values, spec.KvHeads), pool, 1);
            if (attend)
            {
                device.Attend(table, spec, query, pool, 1, output);
            }

            return Read(device, output);
        }

        Append(sequence => ..sequence.Before, attend: false);
        return Append(sequence => sequence.Before..(sequence.Before + sequence.Rows), attend: true);
    }

    private static double Largest(float[] expected, float[] actual) =>
        expected.Zip(actual, (e, a) => double.IsNaN(a) ? double.PositiveInfinity : Math.Abs((double)e - a)).Max();

    /// <summary>The largest difference from double precision of calls to devices that hold a weight of that format.</summary>
    private double Matches(Func<IDevice, float[]> calls, int launches, NumberFormat format = NumberFormat.BF16)
    {
        using var team = new CpuTeam(2);
        using var reference = new ReferenceDevice();
        using var rounding = new RoundingDevice(new PortableDevice(team));
        using var device = Open(format);
        using var weights = new TestWeights(seed: 1);
        rounding.Load(weights.Matrix(1, 8, format, WeightOrientation.OutputsByInputs));
        _launches = 0;
        var actual = calls(device);
        var (error, difference) = (Largest(calls(reference), actual), Largest(calls(rounding), actual));
        _output.WriteLine($"{error:0.0e+0} from double precision, {difference:0.0e+0} from the twin");
        Assert.Equal(launches, _launches);
        Assert.InRange(error, 0, Rounded);
        Assert.InRange(difference, 0, Twin);
        return error;
    }

    /// <summary>A device that holds a weight of that format.</summary>
    private IlgpuDevice Open(NumberFormat format)
    {
        var device = new IlgpuDevice(_runtime, ownsRuntime: false);
        using var weights = new TestWeights(seed: 1);
        device.Load(weights.Matrix(1, 8, format, WeightOrientation.OutputsByInputs));
        return device;
    }

    private void Launch(AcceleratorStream stream, KernelConfig size, long query, long packed, long output, FlashShape shape)
    {
        stream.Synchronize();
        _launches++;
        PtxLaunch.Run(
            _program, size, _late, PtxLaunch.Bytes(query), PtxLaunch.Bytes(packed), PtxLaunch.Bytes(output), PtxLaunch.Bytes(shape));
    }
}
