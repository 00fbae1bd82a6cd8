using Akka.Configuration;
using Pipeline.Checkpoints;
using Pipeline.Cluster.Shards;
using Pipeline.Engine.Configuration;
using Pipeline.Engine.Running;
using Pipeline.Kernels;
using Pipeline.Model;

namespace Pipeline.Cluster.Tests.Shards;

/// <summary>A random model, a device, and a store on them; the whole model beside it says what each row must be.</summary>
internal sealed class StoreFixture : IAsyncDisposable
{
    private readonly TemporaryFolder _folder;
    private readonly CpuTeam _team;
    private readonly PortableDevice _whole;
    private readonly Llama4Tensors _tensors;

    private StoreFixture(TemporaryFolder folder, CpuTeam team, DeviceLane lane, Checkpoint checkpoint, ShardMap map, ExpertsOptions options)
    {
        _folder = folder;
        _team = team;
        _whole = new PortableDevice(team);
        Lane = lane;
        Checkpoint = checkpoint;
        Map = map;
        Store = new ExpertStore(lane, checkpoint, map, options);
        Reference = Checkpoint.Open(folder.Path, checkpoint.Quantization);
        _tensors = Reference.ReadLlama4();
    }

    public string Folder => _folder.Path;

    public DeviceLane Lane { get; }

    public Checkpoint Checkpoint { get; }

    public ShardMap Map { get; }

    public ExpertStore Store { get; }

    public int Hidden => Checkpoint.Config.Text.HiddenSize;

    private Checkpoint Reference { get; }

    /// <summary>The reference file's settings.</summary>
    public static ExpertsOptions Options()
    {
        using var reader = new StreamReader(typeof(ExpertsOptions).Assembly.GetManifestResourceStream("cluster.conf")!);
        var config = new LayeredConfig([new ConfigLayer("cluster.conf", ConfigurationFactory.ParseString(reader.ReadToEnd()))]);
        return OptionsBinder.Bind<ExpertsOptions>(config, "pipeline.experts");
    }

    public static async Task<StoreFixture> StartAsync(
        int shards, int rows = 64, RandomCheckpointOptions? model = null, Quantization quantization = Quantization.None)
    {
        var folder = new TemporaryFolder();
        RandomCheckpoint.Write(folder.Path, model ?? new RandomCheckpointOptions { TextOnly = true, Layers = 3, MoeStep = 1, Experts = 7 });
        var checkpoint = Checkpoint.Open(folder.Path, quantization);
        var team = new CpuTeam(2);
        var lane = await DeviceLane.StartAsync(() => new PortableDevice(team), TimeSpan.FromMilliseconds(50));
        return new StoreFixture(folder, team, lane, checkpoint, ShardMap.Create(checkpoint.Config.Text, shards), Options() with { Rows = rows });
    }

    /// <summary>A request of random rows for the shard's experts of a layer, each row with one to all of them.</summary>
    public TestRequest Request(int shard, int layer, int rows, int seed, bool urgent = false)
    {
        var random = new Random(seed);
        var experts = Map.Members(shard).Where(id => id.Layer == layer).Select(id => id.Expert).ToArray();
        var assignments = new List<ExpertAssignment>();
        for (var row = 0; row < rows; row++)
        {
            random.Shuffle(experts);
            var count = experts.Length == 0 ? 0 : random.Next(1, Math.Min(experts.Length, 3) + 1);
            assignments.AddRange(experts.Take(count).Select(expert => new ExpertAssignment(row, expert, random.NextSingle())));
        }

        var input = Enumerable.Range(0, rows * Hidden).Select(_ => (2 * random.NextSingle()) - 1).ToArray();
        return new TestRequest(layer, shard, rows, urgent, input, [.. assignments], Hidden);
    }

    /// <summary>What the whole layer's weights make of the request, one row an assignment.</summary>
    public float[] Expected(TestRequest request)
    {
        lock (_whole)
        {
            var count = request.Assignments.Length;
            var input = _whole.Allocate("input", request.Rows, Hidden);
            var routing = _whole.AllocateRouting(request.Rows, count);
            var inner = _whole.Allocate("inner", request.Rows * count, Checkpoint.Config.Text.IntermediateSize);
            var output = _whole.Allocate("output", request.Rows * count, Hidden);
            var (experts, scores) = (new int[request.Rows * count], new float[request.Rows * count]);
            Array.Fill(experts, -1);
            for (var i = 0; i < count; i++)
            {
                var assignment = request.Assignments[i];
                (experts[(assignment.Row * count) + i], scores[(assignment.Row * count) + i]) = (assignment.Expert, assignment.Score);
            }

            _whole.Upload(request.Input, input, 0);
            _whole.Upload(experts, scores, routing);
            _whole.ExpertRows(input, routing, request.Rows, RoutedWeights.Load(_whole, _tensors.Layers[request.Layer].Moe!.Routed!), inner, output);
            var expected = new float[count * Hidden];
            for (var i = 0; i < count; i++)
            {
                _whole.Read(output, (request.Assignments[i].Row * count) + i, 1, expected.AsSpan(i * Hidden, Hidden));
            }

            return expected;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        await Lane.DisposeAsync();
        _whole.Dispose();
        _team.Dispose();
        Checkpoint.Dispose();
        Reference.Dispose();
        _folder.Dispose();
    }
}

/// <summary>A request whose end can be awaited, and that may end only once.</summary>
internal sealed class TestRequest(int layer, int shard, int rows, bool urgent, float[] input, ExpertAssignment[] assignments, int hidden) : ExpertRequest
{
    private readonly TaskCompletionSource<ExpertOutcome> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public float[] Results { get; } = new float[assignments.Length * hidden];

    public Task<ExpertOutcome> Ended => _ended.Task;

    /// <summary>Called before the request counts as ended.</summary>
    public Action<TestRequest>? OnComplete { get; init; }

    public override int Layer => layer;

    public override int Shard => shard;

    public override int Rows => rows;

    public override bool Urgent => urgent;

    public override ReadOnlySpan<float> Input => input;

    public override ReadOnlySpan<ExpertAssignment> Assignments => assignments;

    public override Span<float> Output => Results;

    public override void Complete(ExpertOutcome outcome)
    {
        OnComplete?.Invoke(this);
        _ended.SetResult(outcome);
    }
}
