using System.Collections.Concurrent;
using Pipeline.Checkpoints;
using Pipeline.Engine.Running;
using Pipeline.Kernels;
using Pipeline.Model;

namespace Pipeline.Engine.Tests;

/// <summary>Rows of one ticket, in host memory, on their way to the other node and back.</summary>
internal sealed class PeerRequest(Action wake)
{
    private volatile bool _done;

    public int Layer { get; set; }

    public int Rows { get; set; }

    public float[] Input { get; set; } = [];

    public int[] Experts { get; set; } = [];

    public float[] Scores { get; set; } = [];

    public float[] Output { get; set; } = [];

    public bool IsDone => _done;

    public void Begin() => _done = false;

    public void Complete()
    {
        _done = true;
        wake();
    }
}

/// <summary>A node's routed experts, offered to another node's engine: one request a batch.</summary>
internal sealed class PeerStore : IDeviceWork
{
    private const int MaxRows = 256;

    private readonly ConcurrentQueue<PeerRequest> _waiting = [];
    private readonly DeviceLane _lane;
    private readonly LocalExperts _experts;
    private readonly DeviceBuffer _input;
    private readonly DeviceBuffer _inner;
    private readonly DeviceBuffer _output;
    private readonly DeviceRouting _routing;

    private PeerStore(DeviceLane lane, IDevice device, Checkpoint checkpoint)
    {
        var text = checkpoint.Config.Text;
        var assignments = MaxRows * text.ExpertsPerToken;
        _lane = lane;
        _experts = new LocalExperts(new Llama4Model(device, checkpoint).Text);
        _input = device.Allocate("peer input", MaxRows, text.HiddenSize);
        _inner = device.Allocate("peer inner", assignments, text.IntermediateSize);
        _output = device.Allocate("peer output", assignments, text.HiddenSize);
        _routing = device.AllocateRouting(MaxRows, text.ExpertsPerToken);
    }

    public int Batches { get; private set; }

    public static Task<PeerStore> StartAsync(EngineRig rig) => rig.Lane.Post(device =>
    {
        var store = new PeerStore(rig.Lane, device, rig.Checkpoint);
        rig.Lane.Serve(store);
        return store;
    });

    public void Enqueue(PeerRequest request)
    {
        _waiting.Enqueue(request);
        _lane.Wake();
    }

    public bool TryRun(IDevice device)
    {
        if (!_waiting.TryDequeue(out var request))
        {
            return false;
        }

        device.Upload(request.Input, _input, firstRow: 0);
        device.Upload(request.Experts, request.Scores, _routing);
        _experts.Begin(request.Layer, new ExpertRows(_input, _routing, request.Rows, _inner, _output));
        device.Read(_output, 0, request.Experts.Length, request.Output);
        Batches++;
        request.Complete();
        return true;
    }
}

/// <summary>An engine's experts, all of them on the other node.</summary>
internal sealed class PeerExpertsFactory(Func<PeerStore> other) : IExpertsFactory
{
    public bool OnDevice => false;

    public IExperts Create(TextModel model, bool urgent, Action wake) => new PeerExperts(other, model, wake);

    private sealed class PeerExperts(Func<PeerStore> other, TextModel model, Action wake) : IExperts
    {
        private PeerRequest _request = new(wake);
        private ExpertRows _rows;

        public ExpertTicket Begin(int layer, in ExpertRows rows)
        {
            _rows = rows;
            var assignments = rows.Rows * rows.Routing.Slots;
            _request.Begin();
            (_request.Layer, _request.Rows) = (layer, rows.Rows);
            _request.Input = new float[rows.Rows * model.Config.HiddenSize];
            (_request.Experts, _request.Scores) = (new int[assignments], new float[assignments]);
            _request.Output = new float[assignments * model.Config.HiddenSize];
            model.Device.Read(rows.Input, 0, rows.Rows, _request.Input);
            model.Device.Read(rows.Routing, rows.Rows, _request.Experts, _request.Scores);
            other().Enqueue(_request);
            return default;
        }

        public bool TryEnd(ExpertTicket ticket)
        {
            if (!_request.IsDone)
            {
                return false;
            }

            model.Device.Upload(_request.Output, _rows.Output, firstRow: 0);
            return true;
        }

        public void Abandon(ExpertTicket ticket) => _request = new PeerRequest(wake);
    }
}
