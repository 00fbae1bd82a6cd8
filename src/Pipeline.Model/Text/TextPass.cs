using Pipeline.Checkpoints;
using Pipeline.Kernels;

namespace Pipeline.Model;

/// <summary>
/// One Run through the language model: its scratch, its step table and its cursor (layer, half). The caller writes the
/// step, then <see cref="Start"/>, then <see cref="Advance"/> until it is done; Advance never blocks and allocates nothing.
/// Keys and values are appended to the cache as layers pass; a step that is aborted is simply written and started again.
/// </summary>
public sealed class TextPass
{
    private readonly TextModel _model;
    private readonly IDevice _device;
    private readonly TextScratch _scratch;
    private readonly DeviceChoices _choices;
    private readonly AttentionHalf[] _attention;
    private readonly FeedForwardHalf[] _feedForward;
    private readonly float _epsilon;
    private int _layer;
    private bool _attended;

    /// <param name="model">Weights, shared with other passes.</param>
    /// <param name="cache">Keys and values, shared with other passes.</param>
    /// <param name="experts">Where routed experts are computed.</param>
    /// <param name="maxRows">Most rows of a step.</param>
    /// <param name="maxSequences">Most sequences of a step.</param>
    /// <param name="maxOutputs">Most rows of a step whose logits are wanted.</param>
    public TextPass(TextModel model, KvCache cache, IExperts experts, int maxRows, int maxSequences, int maxOutputs)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxOutputs, maxRows);
        _model = model;
        _device = model.Device;
        _epsilon = (float)model.Config.RmsNormEpsilon;
        MaxRows = maxRows;
        MaxSequences = maxSequences;

        // Sessions share no pages, so one step's page tables never hold more entries than a pool has pages.
        var positions = new PositionTables(model.Config);
        Step = new StepWriter(new StepTable(maxRows, maxSequences, cache.Pages, positions.Pairs), positions);
        _scratch = new TextScratch(model.Config, maxRows, maxOutputs, model.HasRoutedExperts, _device.Allocate);
        _choices = _device.AllocateChoices(maxOutputs);
        _attention = [.. model.Layers.Select(layer => new AttentionHalf(_device, layer, _scratch, cache))];
        _feedForward = BuildFeedForward(experts);
    }

    public int MaxRows { get; }

    public int MaxSequences { get; }

    /// <summary>Writes <see cref="Table"/>.</summary>
    public StepWriter Step { get; }

    public StepTable Table => Step.Table;

    /// <summary>Sees the residual stream after each layer; null where nobody looks.</summary>
    public PassProbe? Probe { get; set; }

    /// <summary>Bytes of the buffers that a pass of this size allocates.</summary>
    public static long Bytes(TextConfig config, int maxRows, int maxOutputs, bool routedExperts)
    {
        var plan = new BufferPlan();
        _ = new TextScratch(config, maxRows, maxOutputs, routedExperts, plan.Allocate);
        return plan.Bytes;
    }

    /// <summary>
    /// Uploads visual tokens <c>[n, hidden]</c> of the next step: entry <paramref name="first"/> and those after it go to the rows
    /// that <see cref="StepWriter.AddVisual"/> adds, counted from 0. Not while a step is under way.
    /// </summary>
    public void SetVisual(int first, ReadOnlySpan<float> rows) => _device.Upload(rows, _scratch.Normed, first);

    /// <summary>Why the step was dropped; set when <see cref="Advance"/> has answered <see cref="PassState.Failed"/>.</summary>
    public PipelineException? Failure { get; private set; }

    /// <summary>Uploads the step and sets the cursor before the embedding.</summary>
    public void Start()
    {
        Abandon();
        _device.Upload(Table);
        _layer = -1;
        _attended = false;
        Failure = null;
    }

    /// <summary>Drops the step that is under way, if one is; experts elsewhere are told.</summary>
    public void Abandon()
    {
        foreach (var half in _feedForward)
        {
            half.Abandon();
        }
    }

    /// <summary>Goes on by one piece: the embedding, half a layer, or the logits.</summary>
    public PassState Advance()
    {
        if (_layer < 0)
        {
            Embed();
            _layer = 0;
        }
        else if (_layer == _model.Layers.Count)
        {
            Choose();
            return PassState.Done;
        }
        else if (!_attended)
        {
            _attention[_layer].Run(Table, _epsilon);
            _attended = true;
        }
        else if (FeedForward() is var state && state != PassState.Running)
        {
            return state;
        }

        return _layer == _model.Layers.Count && Table.Outputs == 0 ? PassState.Done : PassState.Running;
    }

    /// <summary>Best token of each output of the step that is done.</summary>
    public void ReadChoices(Span<TokenChoice> choices) => _device.Read(_choices, Table.Outputs, choices);

    /// <summary>Logits [vocabulary] of one output of the step that is done.</summary>
    public void ReadLogits(int output, Span<float> logits) => _device.Read(_scratch.Logits, output, rows: 1, logits);

    private void Embed()
    {
        _device.Embed(Table, _model.Embedding, _scratch.Hidden);
        if (Table.VisualRows > 0)
        {
            _device.ScatterRows(Table, _scratch.Normed, _scratch.Hidden);
        }
    }

    private PassState FeedForward()
    {
        try
        {
            if (!_feedForward[_layer].TryRun(Table, _epsilon))
            {
                return PassState.Waiting;
            }
        }
        catch (PipelineException failure) when (failure.Kind == FailureKind.Outside)
        {
            Failure = failure;
            return PassState.Failed;
        }

        Probe?.Invoke($"layer.{_layer}", _scratch.Hidden, Table.Rows);
        _attended = false;
        _layer++;
        return PassState.Running;
    }

    private void Choose()
    {
        _device.GatherRows(Table, _scratch.Hidden, _scratch.Shared);
        _device.Norm(NormKind.Rms, _scratch.Shared, Table.Outputs, _model.FinalNorm, bias: null, _epsilon, _scratch.Normed);
        _device.Logits(_scratch.Normed, Table.Outputs, _model.Head, _scratch.Logits);
        _device.Best(_scratch.Logits, Table.Outputs, _choices);
    }

    private FeedForwardHalf[] BuildFeedForward(IExperts experts)
    {
        // One routing serves all layers: a layer's is used up when its half is done.
        var routing = _model.Config.ExpertsPerToken > 0 ? _device.AllocateRouting(MaxRows, _model.Config.ExpertsPerToken) : null;
        var halves = new FeedForwardHalf[_model.Layers.Count];
        for (var i = 0; i < halves.Length; i++)
        {
            var layer = _model.Layers[i];
            halves[i] = layer.Moe is { } moe
                ? new MoeHalf(_device, layer, moe, i, _scratch, routing!, experts)
                : new DenseHalf(_device, layer, layer.Dense!, _scratch);
        }

        return halves;
    }
}
