using Pipeline.Kernels;

namespace Pipeline.Model;

/// <summary>Attention of one layer, on one pass's buffers: <c>h += o(attend(rotate(q, k), v))</c> of the normed rows.</summary>
internal sealed class AttentionHalf
{
    private readonly IDevice _device;
    private readonly TextLayer _layer;
    private readonly TextScratch _scratch;
    private readonly KvPool _pool;
    private readonly Projection[] _queryKeyValue;
    private readonly Projection[] _output;

    public AttentionHalf(IDevice device, TextLayer layer, TextScratch scratch, KvCache cache)
    {
        _device = device;
        _layer = layer;
        _scratch = scratch;
        var attention = layer.Attention;
        _pool = cache.Pool(attention.Spec.Kind);
        _queryKeyValue =
        [
            new(attention.Query.Weight, scratch.Query, attention.Query.Bias),
            new(attention.Key.Weight, scratch.Key, attention.Key.Bias),
            new(attention.Value.Weight, scratch.Value, attention.Value.Bias),
        ];
        _output = [new(attention.Output.Weight, scratch.Hidden, attention.Output.Bias, Epilogue.Residual, Residual: scratch.Hidden)];
    }

    public void Run(StepTable table, float epsilon)
    {
        var (s, spec, poolLayer) = (_scratch, _layer.Attention.Spec, _layer.Attention.PoolLayer);
        _device.Norm(NormKind.Rms, s.Hidden, table.Rows, _layer.InputNorm, bias: null, epsilon, s.Normed);
        _device.Product(s.Normed, table.Rows, _queryKeyValue);
        _device.RotateAppend(table, spec, s.Query, s.Key, s.Value, _pool, poolLayer);
        _device.Attend(table, spec, s.Query, _pool, poolLayer, s.Attended);
        _device.Product(s.Attended, table.Rows, _output);
    }
}

/// <summary>The second half of a layer on one pass's buffers.</summary>
internal abstract class FeedForwardHalf
{
    /// <summary>Drops what is under way: the step is aborted.</summary>
    public abstract void Abandon();

    /// <summary>True when the half is done; false while experts elsewhere are at work (call again).</summary>
    /// <exception cref="PipelineException">The experts cannot be reached; nothing is under way any more.</exception>
    public abstract bool TryRun(StepTable table, float epsilon);
}

/// <summary>A dense layer: <c>h += down(silu(gate x) * (up x))</c>.</summary>
internal sealed class DenseHalf(IDevice device, TextLayer layer, GatedMlp mlp, TextScratch scratch) : FeedForwardHalf
{
    private readonly Projection[] _gateUp = [new(mlp.Up, scratch.DenseInner!, Epilogue: Epilogue.SwiGlu, Gate: mlp.Gate)];
    private readonly Projection[] _down = [new(mlp.Down, scratch.Hidden, Epilogue: Epilogue.Residual, Residual: scratch.Hidden)];

    public override void Abandon()
    {
    }

    public override bool TryRun(StepTable table, float epsilon)
    {
        device.Norm(NormKind.Rms, scratch.Hidden, table.Rows, layer.PostAttentionNorm, bias: null, epsilon, scratch.Normed);
        device.Product(scratch.Normed, table.Rows, _gateUp);
        device.Product(scratch.DenseInner!, table.Rows, _down);
        return true;
    }
}

/// <summary>A mixture of experts: <c>h += shared(x) + sum over the chosen of expert(score * x)</c>.</summary>
internal sealed class MoeHalf(
    IDevice device, TextLayer layer, MixtureOfExperts moe, int index, TextScratch scratch, DeviceRouting routing, IExperts experts)
    : FeedForwardHalf
{
    private readonly Projection[] _sharedGateUp =
        [new(moe.Shared.Up, scratch.SharedInner!, Epilogue: Epilogue.SwiGlu, Gate: moe.Shared.Gate)];

    private readonly Projection[] _sharedDown = [new(moe.Shared.Down, scratch.Shared)];
    private ExpertTicket? _ticket;

    public override void Abandon()
    {
        if (_ticket is { } ticket)
        {
            _ticket = null;
            experts.Abandon(ticket);
        }
    }

    public override bool TryRun(StepTable table, float epsilon)
    {
        var ticket = _ticket ?? Begin(table, epsilon);
        _ticket = null; // where TryEnd throws, the ticket has ended
        if (!experts.TryEnd(ticket))
        {
            _ticket = ticket;
            return false;
        }

        device.Combine(scratch.Hidden, scratch.Shared, scratch.ExpertRows!, table.Rows, routing.Slots);
        return true;
    }

    private ExpertTicket Begin(StepTable table, float epsilon)
    {
        device.Norm(NormKind.Rms, scratch.Hidden, table.Rows, layer.PostAttentionNorm, bias: null, epsilon, scratch.Normed);
        device.Route(scratch.Normed, table.Rows, moe.Router, RouterScore.Sigmoid, routing);
        var ticket = experts.Begin(
            index, new ExpertRows(scratch.Normed, routing, table.Rows, scratch.ExpertInner, scratch.ExpertRows!));
        device.Product(scratch.Normed, table.Rows, _sharedGateUp);
        device.Product(scratch.SharedInner!, table.Rows, _sharedDown);
        return ticket;
    }
}
