namespace Pipeline.Kernels;

/// <summary>The operations: each checks its arguments and runs one piece of team work.</summary>
public sealed unsafe partial class PortableDevice
{
    public void Embed(StepTable table, DeviceWeight embedding, DeviceBuffer output)
    {
        Arguments.Embed(table, embedding, output);
        _embed.Run(table, Own(nameof(Embed), embedding), Own(nameof(Embed), output));
    }

    public void ScatterRows(StepTable table, DeviceBuffer source, DeviceBuffer target)
    {
        Arguments.ScatterRows(table, source, target);
        var (from, to) = (Own(nameof(ScatterRows), source), Own(nameof(ScatterRows), target));
        for (var i = 0; i < table.VisualRows; i++)
        {
            Span(from, i).CopyTo(Span(to, table.VisualTargets[i]));
        }
    }

    public void GatherRows(StepTable table, DeviceBuffer source, DeviceBuffer target)
    {
        Arguments.GatherRows(table, source, target);
        var (from, to) = (Own(nameof(GatherRows), source), Own(nameof(GatherRows), target));
        for (var i = 0; i < table.Outputs; i++)
        {
            Span(from, table.OutputRows[i]).CopyTo(Span(to, i));
        }
    }

    public void Norm(
        NormKind kind, DeviceBuffer input, int rows, DeviceWeight weight, DeviceWeight? bias, float epsilon, DeviceBuffer output)
    {
        Arguments.Norm(input, rows, weight, bias, output);
        var (scale, shift) = (Own(nameof(Norm), weight), bias is null ? null : Own(nameof(Norm), bias));
        _norm.Run(kind, Own(nameof(Norm), input), rows, scale, shift, epsilon, Own(nameof(Norm), output));
    }

    public void Product(DeviceBuffer input, int rows, IReadOnlyList<Projection> projections)
    {
        _product.Begin(Own(nameof(Product), input), rows);
        for (var i = 0; i < projections.Count; i++)
        {
            Arguments.Product(input, rows, projections[i]);
            _product.AddTarget(Target(projections[i]));
        }

        _product.Run();
    }

    public void RotateAppend(
        StepTable table, AttentionSpec spec, DeviceBuffer query, DeviceBuffer key, DeviceBuffer value, KvPool pool, int layer)
    {
        Arguments.RotateAppend(table, spec, query, key, value, pool, layer);
        _rotateAppend.Run(
            table,
            spec,
            Own(nameof(RotateAppend), query),
            Own(nameof(RotateAppend), key),
            Own(nameof(RotateAppend), value),
            Check.Own<PortableKvPool>(nameof(RotateAppend), pool),
            layer);
    }

    public void Attend(StepTable table, AttentionSpec spec, DeviceBuffer query, KvPool pool, int layer, DeviceBuffer output)
    {
        Arguments.Attend(table, spec, query, pool, layer, output);
        _attention.Run(
            table, spec, Own(nameof(Attend), query), Check.Own<PortableKvPool>(nameof(Attend), pool), layer, Own(nameof(Attend), output));
    }

    public void Rotate(DeviceBuffer query, DeviceBuffer key, int rows, int heads, DeviceBuffer cosines, DeviceBuffer sines)
    {
        Arguments.Rotate(query, key, rows, heads, cosines, sines);
        _rotate.Run(
            Own(nameof(Rotate), query), Own(nameof(Rotate), key), rows, heads, Own(nameof(Rotate), cosines), Own(nameof(Rotate), sines));
    }

    public void AttendTiles(
        DeviceBuffer query, DeviceBuffer key, DeviceBuffer value, int tiles, int tokens, int heads, float softmaxScale, DeviceBuffer output)
    {
        Arguments.AttendTiles(query, key, value, tiles, tokens, heads, output);
        _tileAttention.Run(
            Own(nameof(AttendTiles), query),
            Own(nameof(AttendTiles), key),
            Own(nameof(AttendTiles), value),
            tiles,
            tokens,
            heads,
            softmaxScale,
            Own(nameof(AttendTiles), output));
    }

    public void Route(DeviceBuffer input, int rows, DeviceWeight router, RouterScore score, DeviceRouting routing)
    {
        Arguments.Route(input, rows, router, routing);
        var experts = router.Spec.Outputs;
        if (_routerLogits.Rows < rows || _routerLogits.Columns != experts)
        {
            _routerLogits.Dispose();
            _routerLogits = new PortableBuffer("router logits", rows, experts);
        }

        _product.Begin(Own(nameof(Route), input), rows);
        _product.AddTarget(new ProductTarget(Own(nameof(Route), router), _routerLogits, Bias: null, Epilogue.None, Gate: null, Residual: null));
        _product.Run();
        _route.Run(_routerLogits, rows, score, Check.Own<PortableRouting>(nameof(Route), routing));
    }

    public void ExpertRows(
        DeviceBuffer input, DeviceRouting routing, int rows, ExpertWeights weights, DeviceBuffer inner, DeviceBuffer output)
    {
        Arguments.ExpertRows(input, routing, rows, weights, inner, output);
        var own = Check.Own<PortableRouting>(nameof(ExpertRows), routing);
        foreach (var expert in own.Experts.AsSpan(0, rows * routing.Slots))
        {
            Arguments.Expert(expert, weights);
        }

        var gateUp = new ProductTarget(
            Own(nameof(ExpertRows), weights.Up), Own(nameof(ExpertRows), inner), Bias: null, Epilogue.SwiGlu, Own(nameof(ExpertRows), weights.Gate), Residual: null);
        var down = new ProductTarget(
            Own(nameof(ExpertRows), weights.Down), Own(nameof(ExpertRows), output), Bias: null, Epilogue.None, Gate: null, Residual: null);
        _experts.Run(Own(nameof(ExpertRows), input), own, rows, new ExpertTargets(gateUp, down, weights.Gate.Spec.Parts.Count, weights.ScoreOn));
    }

    public void Combine(DeviceBuffer residual, DeviceBuffer shared, DeviceBuffer expertRows, int rows, int slots)
    {
        Arguments.Combine(residual, shared, expertRows, rows, slots);
        _combine.Run(Own(nameof(Combine), residual), Own(nameof(Combine), shared), Own(nameof(Combine), expertRows), rows, slots);
    }

    public void Logits(DeviceBuffer input, int rows, DeviceWeight head, DeviceBuffer logits)
    {
        Arguments.Logits(input, rows, head, logits);
        _product.Begin(Own(nameof(Logits), input), rows);
        _product.AddTarget(
            new ProductTarget(Own(nameof(Logits), head), Own(nameof(Logits), logits), Bias: null, Epilogue.None, Gate: null, Residual: null));
        _product.Run();
    }

    public void Best(DeviceBuffer logits, int rows, DeviceChoices choices)
    {
        Arguments.Best(logits, rows, choices);
        _best.Run(Own(nameof(Best), logits), rows, Check.Own<PortableChoices>(nameof(Best), choices));
    }

    public void Unfold(DeviceBuffer pixels, int tiles, TileShape shape, DeviceBuffer patches)
    {
        Arguments.Unfold(pixels, tiles, shape, patches);
        _unfold.Run(Own(nameof(Unfold), pixels), tiles, shape, Own(nameof(Unfold), patches));
    }

    public void AddPositions(DeviceBuffer patches, int tiles, DeviceWeight classEmbedding, DeviceWeight positions, DeviceBuffer output)
    {
        Arguments.AddPositions(patches, tiles, classEmbedding, positions, output);
        _addPositions.Run(
            Own(nameof(AddPositions), patches),
            tiles,
            Own(nameof(AddPositions), classEmbedding),
            Own(nameof(AddPositions), positions),
            Own(nameof(AddPositions), output));
    }

    public void PixelShuffle(DeviceBuffer input, int tiles, int grid, int side, DeviceBuffer output)
    {
        Arguments.PixelShuffle(input, tiles, grid, side, output);
        _pixelShuffle.Run(Own(nameof(PixelShuffle), input), tiles, grid, side, Own(nameof(PixelShuffle), output));
    }

    private static ProductTarget Target(Projection projection) => new(
        Own(nameof(Product), projection.Weight),
        Own(nameof(Product), projection.Output),
        projection.Bias is null ? null : Own(nameof(Product), projection.Bias),
        projection.Epilogue,
        projection.Gate is null ? null : Own(nameof(Product), projection.Gate),
        projection.Residual is null ? null : Own(nameof(Product), projection.Residual));
}
