using Pipeline.Cluster.Wire;
using Pipeline.Kernels;
using Pipeline.Model;

namespace Pipeline.Cluster.Tests.Wire;

/// <summary>What a pass of an engine is to its experts: a device, a layer's buffers, and somebody who waits to be woken.</summary>
internal sealed class TestPass : IDisposable
{
    private readonly WireIdentity _identity;
    private readonly int _maxRows;
    private readonly int _experts;
    private readonly IDevice _device;
    private readonly CpuTeam _team = new(1);
    private readonly DeviceBuffer _input;
    private readonly DeviceBuffer _output;
    private readonly DeviceRouting _routing;
    private readonly SemaphoreSlim _woken = new(0);
    private readonly float[] _rows;
    private readonly int[] _chosen;
    private readonly float[] _scores;
    private readonly float[] _result;
    private int _count;
    private int _layer;

    public TestPass(ExpertClient client, ShardTable table, int experts, int maxRows, bool urgent = true)
    {
        (_identity, _experts, _maxRows) = (client.Identity, experts, maxRows);
        _device = new PortableDevice(_team);
        _input = _device.Allocate("input", maxRows, _identity.Hidden);
        _output = _device.Allocate("output", maxRows * _identity.Slots, _identity.Hidden);
        _routing = _device.AllocateRouting(maxRows, _identity.Slots);
        _rows = new float[maxRows * _identity.Hidden];
        _chosen = new int[maxRows * _identity.Slots];
        _scores = new float[maxRows * _identity.Slots];
        _result = new float[maxRows * _identity.Slots * _identity.Hidden];
        Experts = new ShardedExperts(client, table, _device, urgent, () => _woken.Release());
    }

    public ShardedExperts Experts { get; }

    /// <summary>Routes random rows of a layer and sends them on their way.</summary>
    public ExpertTicket Begin(Random random, int layer, int rows)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, _maxRows);
        (_layer, _count) = (layer, rows);
        var slots = _identity.Slots;
        for (var i = 0; i < rows * _identity.Hidden; i++)
        {
            _rows[i] = random.NextSingle() - 0.5f;
        }

        for (var row = 0; row < rows; row++)
        {
            var first = random.Next(_experts);
            for (var slot = 0; slot < slots; slot++)
            {
                _chosen[(row * slots) + slot] = (first + (slot * (1 + random.Next(_experts / slots)))) % _experts;
                _scores[(row * slots) + slot] = random.NextSingle();
            }
        }

        _device.Upload(_rows.AsSpan(0, rows * _identity.Hidden), _input, 0);
        _device.Upload(_chosen.AsSpan(0, rows * slots), _scores.AsSpan(0, rows * slots), _routing);
        return Experts.Begin(layer, new ExpertRows(_input, _routing, rows, Inner: null, _output));
    }

    /// <summary>Waits as a device thread does, and compares all bits.</summary>
    public async Task EndAsync(ExpertTicket ticket)
    {
        while (!Experts.TryEnd(ticket))
        {
            Assert.True(await _woken.WaitAsync(TimeSpan.FromSeconds(60)), "nobody woke the pass");
        }

        Compare();
    }

    /// <summary>The same, on a thread that may block.</summary>
    public void End(ExpertTicket ticket)
    {
        while (!Experts.TryEnd(ticket))
        {
            Assert.True(_woken.Wait(TimeSpan.FromSeconds(60)), "nobody woke the pass");
        }

        Compare();
    }

    public async Task StepAsync(Random random, int layer, int rows) => await EndAsync(Begin(random, layer, rows));

    public void Compare()
    {
        var (hidden, slots) = (_identity.Hidden, _identity.Slots);
        _device.Read(_output, 0, _count * slots, _result.AsSpan(0, _count * slots * hidden));
        for (var target = 0; target < _count * slots; target++)
        {
            var row = _rows.AsSpan(target / slots * hidden, hidden);
            for (var i = 0; i < hidden; i++)
            {
                var expected = TestStore.Answer(_layer, _chosen[target], _scores[target], row, i);
                if (BitConverter.SingleToInt32Bits(expected) != BitConverter.SingleToInt32Bits(_result[(target * hidden) + i]))
                {
                    Assert.Fail($"row {target / slots}, slot {target % slots}, element {i}: {_result[(target * hidden) + i]}, not {expected}");
                }
            }
        }
    }

    public void Dispose()
    {
        _device.Dispose();
        _team.Dispose();
        _woken.Dispose();
    }
}
