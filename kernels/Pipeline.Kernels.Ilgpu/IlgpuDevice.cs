using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Pipeline.Kernels;

/// <summary>
/// A device that ILGPU drives: CUDA, OpenCL or its simulator. Operations are enqueued in order on one stream; only reads wait, and
/// an upload of a step table whose last copy is still under way. Nothing is allocated once every operation ran at its largest size.
/// </summary>
public sealed partial class IlgpuDevice : IMeasuredDevice
{
    /// <summary>
    /// What kernels take as they need it: packed keys and values (256 MiB; more beyond half a million tokens of one sequence), split attention (64 MiB), and
    /// rows and sums of products, which take less than the rest unless <c>pipeline.engine.prefill-rows</c> is many times its default.
    /// </summary>
    private const long ScratchBytes = 512L << 20;

    private readonly IlgpuRuntime _runtime;
    private readonly bool _ownsRuntime;
    private readonly HashSet<IDisposable> _owned = [];
    private readonly Dictionary<StepTable, IlgpuTable> _tables = [];
    private readonly IlgpuMarks _marks;
    private readonly HostCopies _copies;
    private readonly IlgpuScratch<float> _moments;
    private readonly IlgpuScratch<float> _routerLogits;
    private readonly IlgpuScratch<int> _stripTokens;
    private readonly IlgpuScratch<float> _stripSums;
    private readonly IlgpuScratch<float> _sums;
    private readonly IlgpuScratch<float> _parts;
    private readonly TiledProduct? _tiled;
    private readonly FlashAttention? _flash;
    private readonly ArrayView<float> _noFloats;
    private readonly ArrayView<uint> _noWords;
    private string _graphs = "";
    private bool _rounds;

    /// <param name="runtime">The opened accelerator.</param>
    /// <param name="ownsRuntime">Whether it is closed with this device; else others may use it, one after the other.</param>
    public IlgpuDevice(IlgpuRuntime runtime, bool ownsRuntime = true)
    {
        _runtime = runtime;
        _ownsRuntime = ownsRuntime;
        _marks = Owned(new IlgpuMarks(runtime));
        _copies = Owned(new HostCopies(runtime, _marks));
        _moments = Owned(new IlgpuScratch<float>(runtime));
        _routerLogits = Owned(new IlgpuScratch<float>(runtime));
        _stripTokens = Owned(new IlgpuScratch<int>(runtime));
        _stripSums = Owned(new IlgpuScratch<float>(runtime));
        _sums = Owned(new IlgpuScratch<float>(runtime));
        _parts = Owned(new IlgpuScratch<float>(runtime));
        _tiled = runtime.HasTensorCores ? Owned(new TiledProduct(runtime)) : null;
        _flash = runtime.Flash is null ? null : Owned(new FlashAttention(runtime));
        FastKernels = runtime.Warps is not null;
        _noFloats = Owned(runtime.Allocate<float>("nothing", 1)).View;
        _noWords = Owned(runtime.Allocate<uint>("nothing", 4)).View;
    }

    public string Description => $"{_runtime.Description}, {KernelWords}{_graphs}";

    public string Path => $"{_runtime.Path}, {KernelWords}";

    /// <summary>Whether the kernels for speed are used where they are; else the plain ones do everything.</summary>
    internal bool FastKernels { get; set; }

    /// <summary>Through which its launches go.</summary>
    internal LaunchQueue Launches => _runtime.Launches;

    /// <summary>Bytes that may still be allocated.</summary>
    internal long FreeBytes => _runtime.FreeBytes;

    public long MemoryBytes => Math.Max(FreeBytes - ScratchBytes, 0);

    /// <summary>Lets decode steps go as CUDA graphs, where the driver makes them and a look at them finds nothing wrong.</summary>
    /// <param name="most">Kinds of steps that are kept as graphs.</param>
    internal void UseGraphs(int most)
    {
        if (_runtime.Stream is CudaStream stream)
        {
            UseGraphs(most, CudaGraphs.Find() is { } graphs ? enqueue => graphs.Capture(stream, enqueue) : _ => null);
        }
    }

    /// <summary>The same with graphs of another making.</summary>
    internal void UseGraphs(int most, Func<Action, ILaunchGraph?> capture)
    {
        Launches.MostSteps = most;
        Launches.Capture = capture;
        var wrong = Probe(GraphCheck.Difference);
        Launches.Capture = wrong is null ? capture : null;
        _graphs = wrong is null ? ", graphs" : $", no graphs: {wrong}";
    }

    private string KernelWords => !FastKernels ? "plain kernels" : _tiled is null ? "warps" : "warps and tensor cores";

    /// <summary>Looks at the accelerator with a device of its own, so that all that the look loads and allocates goes with it.</summary>
    internal string? Probe(Func<IlgpuDevice, string?> look)
    {
        using var probe = new IlgpuDevice(_runtime, ownsRuntime: false) { FastKernels = FastKernels };
        return look(probe);
    }

    public IDeviceLimits OpenLimits() => new IlgpuLimits(_runtime);

    public DeviceWeight Load(WeightSpec spec)
    {
        Arguments.Load(spec);
        var weight = Owned(new IlgpuWeight(_runtime, spec, _copies));
        _rounds |= TiledProduct.Takes(weight);
        return weight;
    }

    public void Free(DeviceWeight weight)
    {
        var own = Own(nameof(Free), weight);
        Check.That(_owned.Remove(own), nameof(Free), weight.Spec.Name, "is not loaded");
        _runtime.Launches.Forget();
        _runtime.Stream.Synchronize();
        own.Dispose();
    }

    public DeviceBuffer Allocate(string name, int rows, int columns) => Owned(new IlgpuBuffer(_runtime, name, rows, columns));

    public DeviceRouting AllocateRouting(int rows, int slots) => Owned(new IlgpuRouting(_runtime, rows, slots));

    public DeviceChoices AllocateChoices(int rows) => Owned(new IlgpuChoices(_runtime, rows));

    public KvPool AllocateKv(KvShape shape) => Owned(new IlgpuKvPool(_runtime, shape));

    public void Upload(ReadOnlySpan<float> source, DeviceBuffer target, int firstRow)
    {
        var rows = Arguments.Upload(source.Length, target, firstRow);
        if (rows > 0)
        {
            _copies.Send(source, Own(nameof(Upload), target).RowsOf(firstRow, rows));
        }
    }

    public void Upload(StepTable table)
    {
        Arguments.Upload(table);
        if (!_tables.TryGetValue(table, out var own))
        {
            own = Owned(new IlgpuTable(_runtime, table));
            _tables.Add(table, own);
        }
        else if (!IsDone(own.Sent))
        {
            _runtime.Stream.Synchronize();
        }

        own.Upload(table, _runtime);
        own.Sent = Fence();
        if (table.Outputs == table.Rows && table.VisualRows == 0)
        {
            _runtime.Launches.BeginStep(table, table.Rows); // a row a sequence, each wanting a token: a step that will come again
        }
    }

    public void Upload(ReadOnlySpan<int> experts, ReadOnlySpan<float> scores, DeviceRouting target)
    {
        Arguments.Upload(experts, scores, target);
        var routing = Check.Own<IlgpuRouting>(nameof(Upload), target);
        if (experts.Length > 0)
        {
            var (lowest, highest) = (int.MaxValue, int.MinValue);
            foreach (var expert in experts)
            {
                (lowest, highest) = (Math.Min(lowest, expert), Math.Max(highest, expert));
            }

            routing.Range = (lowest, highest);
            _copies.Send(experts, routing.Experts.SubView(0, experts.Length));
            _copies.Send(scores, routing.Scores.SubView(0, scores.Length));
        }
    }

    public void Read(DeviceBuffer source, int firstRow, int rows, Span<float> target)
    {
        Arguments.Read(source.Name, firstRow, rows, source.Rows);
        if (rows > 0)
        {
            _copies.Receive(Own(nameof(Read), source).RowsOf(firstRow, rows), target[..(rows * source.Columns)]);
        }
    }

    public void Read(DeviceRouting source, int rows, Span<int> experts, Span<float> scores)
    {
        Arguments.Read("routing", 0, rows, source.Rows);
        var routing = Check.Own<IlgpuRouting>(nameof(Read), source);
        var count = rows * source.Slots;
        if (count > 0)
        {
            _copies.Receive(routing.Experts.SubView(0, count), experts[..count]);
            _copies.Receive(routing.Scores.SubView(0, count), scores[..count]);
        }
    }

    public void Read(DeviceChoices source, int rows, Span<TokenChoice> target)
    {
        Arguments.Read("choices", 0, rows, source.Rows);
        var choices = Check.Own<IlgpuChoices>(nameof(Read), source);
        if (rows == 0)
        {
            return;
        }

        _copies.Receive(choices.Tokens.SubView(0, rows), choices.HostTokens.AsSpan(0, rows));
        _copies.Receive(choices.Totals.SubView(0, rows), choices.HostTotals.AsSpan(0, rows));
        for (var row = 0; row < rows; row++)
        {
            var token = choices.HostTokens[row];
            target[row] = new TokenChoice(token < 0 ? ~token : token, (float)-Math.Log(choices.HostTotals[row]), token >= 0);
        }
    }

    public long Fence() => _marks.Add();

    public bool IsDone(long fence) => _marks.IsReached(fence);

    /// <summary>Waits for what was enqueued and frees all handles' memory.</summary>
    public void Dispose()
    {
        try
        {
            _runtime.Launches.Forget();
            _runtime.Stream.Synchronize();
            foreach (var owned in _owned)
            {
                owned.Dispose();
            }

            _owned.Clear();
            if (_ownsRuntime)
            {
                _runtime.Dispose();
            }
        }
        catch (Exception failure) when (failure is AcceleratorException or PipelineException)
        {
            // A lost device frees nothing; its failure was told when it came up, and its memory goes with the process.
        }
    }

    private static IlgpuBuffer Own(string operation, DeviceBuffer buffer) => Check.Own<IlgpuBuffer>(operation, buffer);

    private static IlgpuWeight Own(string operation, DeviceWeight weight) => Check.Own<IlgpuWeight>(operation, weight);

    private IlgpuTable Uploaded(string operation, StepTable table)
    {
        Check.That(
            _tables.TryGetValue(table, out var own) && own.Matches(table), operation, "step table", "was not uploaded since its counts changed");
        return own;
    }

    private T Owned<T>(T handle)
        where T : IDisposable
    {
        _owned.Add(handle);
        return handle;
    }
}
