using System.Diagnostics;
using Pipeline.Kernels;
using Pipeline.Model;

namespace Pipeline.Cluster.Wire;

/// <summary>
/// The experts of one pass, wherever they are: the layer's rows leave the device, go to their shards, and come back as one row an
/// assignment, the same bits as <see cref="LocalExperts"/>. Called by the device's thread alone; replies are read by others into
/// buffers of their own, and only <see cref="TryEnd"/> writes to the pass.
/// </summary>
internal sealed class ShardedExperts : IExperts
{
    private readonly ExpertClient _client;
    private readonly IDevice _device;
    private readonly RowSplitter _splitter;
    private readonly ExpertExchange _exchange;
    private readonly int _hidden;
    private readonly int _slots;
    private int[] _experts = [];
    private float[] _scores = [];
    private float[] _input = [];
    private float[] _output = [];
    private ExpertRows _rows;
    private long _ticket;
    private bool _underWay;
    private long _began;

    public ShardedExperts(ExpertClient client, ShardTable table, IDevice device, bool urgent, Action wake)
    {
        (_client, _device, _hidden, _slots) = (client, device, client.Identity.Hidden, client.Identity.Slots);
        _splitter = new RowSplitter(table, client.Identity, client.Calls, client.Buffers);
        _exchange = new ExpertExchange(urgent, wake);
    }

    public ExpertTicket Begin(int layer, in ExpertRows rows)
    {
        if (_underWay)
        {
            throw new InvalidOperationException("A pass has at most one ticket out.");
        }

        _began = Stopwatch.GetTimestamp();
        _rows = rows;
        Fit(rows);
        var assignments = rows.Rows * _slots;
        _device.Read(rows.Routing, rows.Rows, _experts.AsSpan(0, assignments), _scores.AsSpan(0, assignments));
        _device.Read(rows.Input, 0, rows.Rows, _input.AsSpan(0, rows.Rows * _hidden));
        _splitter.Split(layer, _input, _experts.AsSpan(0, assignments), _scores.AsSpan(0, assignments), _exchange);
        _underWay = true;
        _client.Table.Begin(_exchange);
        return new ExpertTicket(++_ticket);
    }

    public bool TryEnd(ExpertTicket ticket)
    {
        Check(ticket);
        if (!_client.Table.IsOver(_exchange))
        {
            return false;
        }

        if (_exchange.Failure is { } failure)
        {
            End();
            throw failure;
        }

        foreach (var call in _exchange.Calls)
        {
            var reply = RequestLayout.Output(call.Reply!);
            for (var i = 0; i < call.Assignments; i++)
            {
                reply.Slice(i * _hidden, _hidden).CopyTo(_output.AsSpan(call.Targets[i] * _hidden));
            }
        }

        _device.Upload(_output.AsSpan(0, _rows.Rows * _slots * _hidden), _rows.Output, 0);
        End();
        _client.Meters.AddWait(Stopwatch.GetElapsedTime(_began));
        return true;
    }

    public void Abandon(ExpertTicket ticket)
    {
        Check(ticket);
        _client.Table.Abandon(_exchange);
        End();
    }

    /// <summary>The table has let go of the calls: their buffers go back, but for those that a writer or this node's store still holds.</summary>
    private void End()
    {
        foreach (var call in _exchange.Calls)
        {
            call.End();
            _client.Calls.Give(call);
        }

        _exchange.Calls.Clear();
        _underWay = false;
    }

    private void Check(ExpertTicket ticket)
    {
        if (!_underWay || ticket.Id != _ticket)
        {
            throw new InvalidOperationException("The ticket has ended.");
        }
    }

    /// <summary>Memory for the largest step of the pass, once.</summary>
    private void Fit(in ExpertRows rows)
    {
        if (_input.Length < rows.Rows * _hidden)
        {
            _experts = new int[rows.Routing.Rows * _slots];
            _scores = new float[rows.Routing.Rows * _slots];
            _input = new float[rows.Input.Rows * _hidden];
            _output = new float[rows.Output.Rows * _hidden];
        }
    }
}
