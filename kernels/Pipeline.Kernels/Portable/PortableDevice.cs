namespace Pipeline.Kernels;

/// <summary>
/// The CPU by portable C# and the vector instructions that .NET has. Weights are read as they lie in the mapped file, or quantized in
/// native memory, and widened in the kernels; an operation is done when it returns; nothing is allocated on the managed heap once every operation ran at its
/// largest size. The team may be shared with other devices; it is not disposed with this one.
/// </summary>
public sealed unsafe partial class PortableDevice : IMeasuredDevice, ICommittingDevice
{
    private readonly HashSet<IDisposable> _owned = [];
    private readonly HashSet<ICommittable> _uncommitted = [];
    private readonly CpuTeam _team;
    private readonly InstructionPath _path;
    private readonly ThreadScratch[] _scratch;
    private readonly ProductWork _product;
    private readonly ExpertWork _experts;
    private readonly NormWork _norm;
    private readonly EmbedWork _embed;
    private readonly RotateAppendWork _rotateAppend;
    private readonly RotateWork _rotate;
    private readonly AttentionWork _attention;
    private readonly TileAttentionWork _tileAttention;
    private readonly RouteWork _route;
    private readonly CombineWork _combine;
    private readonly BestWork _best;
    private readonly UnfoldWork _unfold;
    private readonly AddPositionsWork _addPositions;
    private readonly PixelShuffleWork _pixelShuffle;
    private PortableBuffer _routerLogits = new("router logits", 0, 0);

    /// <summary>A device on the processor's widest path.</summary>
    public PortableDevice(CpuTeam team)
        : this(team, InstructionPaths.Best)
    {
    }

    /// <param name="team">Who computes.</param>
    /// <param name="path">The vectors to use, at most what the processor has.</param>
    public PortableDevice(CpuTeam team, InstructionPath path)
    {
        if (!path.IsSupported())
        {
            throw new PlatformNotSupportedException($"This processor has no {path.Words()}.");
        }

        (_team, _path) = (team, path);
        Description = $"cpu, {team.Threads} {(team.Threads == 1 ? "thread" : "threads")}, {path.Words()}";
        _scratch = new ThreadScratch[team.Threads];
        for (var i = 0; i < _scratch.Length; i++)
        {
            _scratch[i] = Owned(new ThreadScratch());
        }

        _product = new ProductWork(path, team, _scratch);
        _experts = new ExpertWork(_product);
        _norm = new NormWork(path, team);
        _embed = new EmbedWork(path, team);
        _rotateAppend = new RotateAppendWork(path, team);
        _rotate = new RotateWork(team);
        _attention = new AttentionWork(path, team, _scratch);
        _tileAttention = new TileAttentionWork(path, team, _scratch);
        _route = new RouteWork(path, team);
        _combine = new CombineWork(path, team);
        _best = new BestWork(path, team);
        _unfold = new UnfoldWork(team);
        _addPositions = new AddPositionsWork(path, team);
        _pixelShuffle = new PixelShuffleWork(team);
    }

    public string Description { get; }

    public string Path => $"portable-{_path.ToString().ToLowerInvariant()}";

    /// <summary>What the process may use of the machine's memory; mapped weights count, as they are read from memory at every step.</summary>
    public long MemoryBytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    public IDeviceLimits OpenLimits() => new PortableLimits(_team, _path);

    public DeviceWeight Load(WeightSpec spec)
    {
        Arguments.Load(spec);
        return Owned(new PortableWeight(spec, _team));
    }

    public void Free(DeviceWeight weight)
    {
        var own = Own(nameof(Free), weight);
        Check.That(_owned.Remove(own), nameof(Free), weight.Spec.Name, "is not loaded");
        _uncommitted.Remove(own);
        own.Dispose();
    }

    public DeviceBuffer Allocate(string name, int rows, int columns) => Owned(new PortableBuffer(name, rows, columns));

    public DeviceRouting AllocateRouting(int rows, int slots) => new PortableRouting(rows, slots);

    public DeviceChoices AllocateChoices(int rows) => new PortableChoices(rows);

    public KvPool AllocateKv(KvShape shape) => Owned(new PortableKvPool(shape));

    public void Upload(ReadOnlySpan<float> source, DeviceBuffer target, int firstRow)
    {
        var buffer = Own(nameof(Upload), target);
        var rows = Arguments.Upload(source.Length, target, firstRow);
        for (var row = 0; row < rows; row++)
        {
            source.Slice(row * target.Columns, target.Columns).CopyTo(Span(buffer, firstRow + row));
        }
    }

    /// <summary>Checks the table's counts. Host memory is the device's, so later changes are seen without another upload.</summary>
    public void Upload(StepTable table) => Arguments.Upload(table);

    public void Upload(ReadOnlySpan<int> experts, ReadOnlySpan<float> scores, DeviceRouting target)
    {
        var routing = Check.Own<PortableRouting>(nameof(Upload), target);
        Arguments.Upload(experts, scores, target);
        experts.CopyTo(routing.Experts);
        scores.CopyTo(routing.Scores);
    }

    public void Read(DeviceBuffer source, int firstRow, int rows, Span<float> target)
    {
        var buffer = Own(nameof(Read), source);
        Arguments.Read(source.Name, firstRow, rows, source.Rows);
        for (var row = 0; row < rows; row++)
        {
            Span(buffer, firstRow + row).CopyTo(target[(row * source.Columns)..]);
        }
    }

    public void Read(DeviceRouting source, int rows, Span<int> experts, Span<float> scores)
    {
        var routing = Check.Own<PortableRouting>(nameof(Read), source);
        Arguments.Read("routing", 0, rows, source.Rows);
        routing.Experts.AsSpan(0, rows * source.Slots).CopyTo(experts);
        routing.Scores.AsSpan(0, rows * source.Slots).CopyTo(scores);
    }

    public void Read(DeviceChoices source, int rows, Span<TokenChoice> target)
    {
        Arguments.Read("choices", 0, rows, source.Rows);
        Check.Own<PortableChoices>(nameof(Read), source).Choices.AsSpan(0, rows).CopyTo(target);
    }

    public bool CommitNext()
    {
        var next = _uncommitted.FirstOrDefault();
        if (next is null)
        {
            return false;
        }

        _uncommitted.Remove(next);
        next.Commit();
        return true;
    }

    /// <summary>Always the same: nothing is ever under way.</summary>
    public long Fence() => 0;

    public bool IsDone(long fence) => true;

    /// <summary>Frees all handles' memory.</summary>
    public void Dispose()
    {
        foreach (var owned in _owned)
        {
            owned.Dispose();
        }

        _owned.Clear();
        _uncommitted.Clear();
        _routerLogits.Dispose();
    }

    private static PortableBuffer Own(string operation, DeviceBuffer buffer) => Check.Own<PortableBuffer>(operation, buffer);

    private static PortableWeight Own(string operation, DeviceWeight weight) => Check.Own<PortableWeight>(operation, weight);

    private static Span<float> Span(PortableBuffer buffer, int row) => new(buffer.Row(row), buffer.Columns);

    private T Owned<T>(T handle)
        where T : IDisposable
    {
        _owned.Add(handle);
        if (handle is ICommittable committable)
        {
            _uncommitted.Add(committable);
        }

        return handle;
    }
}
