using Pipeline.Checkpoints;
using Pipeline.Kernels;
using Pipeline.Model;

namespace Pipeline.Engine.Tests;

/// <summary>
/// Experts as if on other nodes: a ticket is done when the test, or a thread of its own, lets it be, and its rows come in three
/// parts, in any order. The engine loads no routed experts; what it is sent is computed with a model of their own.
/// </summary>
internal sealed class LateExperts(Checkpoint checkpoint) : IExpertsFactory
{
    public bool OnDevice => false;

    /// <summary>One a pass in the order of the engine: each micro-batch, then prefill.</summary>
    public List<LatePass> Passes { get; } = [];

    public IExperts Create(TextModel model, bool urgent, Action wake)
    {
        var whole = Passes is [var first, ..] ? first.Model : new Llama4Model(model.Device, checkpoint).Text;
        Passes.Add(new LatePass(whole, wake));
        return Passes[^1];
    }
}

/// <summary>Experts of one pass. Only the device thread computes; any thread may hold, release or fail.</summary>
internal sealed class LatePass(TextModel model, Action wake) : IExperts
{
    private readonly LocalExperts _experts = new(model);
    private readonly Random _random = new(1);
    private DeviceBuffer? _inner;
    private DeviceRouting? _routing;
    private ExpertRows _rows;
    private int _layer;
    private long _begun;
    private long _out;
    private long _released;
    private volatile bool _held;
    private volatile PipelineException? _failure;

    public TextModel Model => model;

    /// <summary>Whether rows are out whose answer is awaited.</summary>
    public bool IsOut => Volatile.Read(ref _out) > Volatile.Read(ref _released);

    public int Abandoned { get; private set; }

    /// <summary>Tickets begun so far.</summary>
    public long Begun => Volatile.Read(ref _begun);

    /// <summary>Times that somebody asked for a ticket that was not done.</summary>
    public int AskedInVain { get; private set; }

    /// <summary>From the next ticket on no answer comes by itself.</summary>
    public void Hold() => _held = true;

    /// <summary>Lets the answer that is out come; answers may come by themselves again.</summary>
    public void Release()
    {
        _held = false;
        Volatile.Write(ref _released, Volatile.Read(ref _out));
        wake();
    }

    /// <summary>What is out, or begins next, is answered with this.</summary>
    public void Fail(PipelineException failure)
    {
        _failure = failure;
        Release();
    }

    public ExpertTicket Begin(int layer, in ExpertRows rows)
    {
        Assert.Null(rows.Inner);
        (_layer, _rows) = (layer, rows);
        var ticket = new ExpertTicket(++_begun);
        Volatile.Write(ref _out, ticket.Id);
        if (!_held && _random.Next(2) == 0)
        {
            // Answered before the shared expert is done; else when the test releases it.
            Volatile.Write(ref _released, ticket.Id);
        }

        return ticket;
    }

    public bool TryEnd(ExpertTicket ticket)
    {
        if (ticket.Id != _out)
        {
            throw new InvalidOperationException($"Ticket {ticket.Id} has ended; {_out} is out.");
        }

        if (IsOut)
        {
            AskedInVain++;
            return false;
        }

        _out = 0;
        if (Interlocked.Exchange(ref _failure, value: null) is { } failure)
        {
            throw failure;
        }

        Compute();
        return true;
    }

    public void Abandon(ExpertTicket ticket)
    {
        Assert.Equal(_out, ticket.Id);
        _out = 0;
        Abandoned++;
    }

    /// <summary>A part is what expert e with e % 3 = p computes; of the others the buffer keeps what it has.</summary>
    private void Compute()
    {
        var (device, slots) = (model.Device, _rows.Routing.Slots);
        _inner ??= device.Allocate("late inner", _rows.Output.Rows, model.Config.IntermediateSize);
        _routing ??= device.AllocateRouting(_rows.Routing.Rows, slots);
        var (experts, scores) = (new int[_rows.Rows * slots], new float[_rows.Rows * slots]);
        device.Read(_rows.Routing, _rows.Rows, experts, scores);
        int[] parts = [0, 1, 2];
        _random.Shuffle(parts);
        foreach (var part in parts)
        {
            device.Upload(Array.ConvertAll(experts, expert => expert % 3 == part ? expert : -1), scores, _routing);
            _experts.Begin(_layer, _rows with { Routing = _routing, Inner = _inner });
        }
    }
}

/// <summary>A thread that now and then lets answers come, and wakes the device for nothing between.</summary>
internal sealed class AnswerPump : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _thread;

    public AnswerPump(IReadOnlyList<LatePass> passes, Action wake)
    {
        _thread = new Thread(() =>
        {
            var random = new Random(2);
            while (!_stop.IsCancellationRequested)
            {
                var pass = passes[random.Next(passes.Count)];
                if (random.Next(3) == 0)
                {
                    wake();
                }
                else if (pass.IsOut)
                {
                    pass.Release();
                }

                Thread.SpinWait(random.Next(20_000));
            }
        });
        _thread.Start();
    }

    public void Dispose()
    {
        _stop.Cancel();
        _thread.Join();
        _stop.Dispose();
    }
}
