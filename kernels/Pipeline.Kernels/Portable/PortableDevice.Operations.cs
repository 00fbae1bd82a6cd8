namespace Pipeline.Kernels;

/// <summary>The operations: each checks its arguments and runs one piece of team work.</summary>
public sealed unsafe partial class PortableDevice
{
    public void Embed(StepTable table, DeviceWeight embedding, DeviceBuffer output)
    {
        Check.Buffer(nameof(Embed), output, table.Rows, embedding.Spec.Inputs);
        Check.RowMajor(nameof(Embed), embedding.Spec);
        foreach (var token in table.TokenIds.AsSpan(0, table.Rows))
        {
            Check.That(token < embedding.Spec.Outputs, nameof(Embed), embedding.Spec.Name, $"has no row {token}");
        }

        _embed.Run(table, Own(nameof(Embed), embedding), Own(nameof(Embed), output));
    }

    public void ScatterRows(StepTable table, DeviceBuffer source, DeviceBuffer target)
    {
        var (from, to) = (Own(nameof(ScatterRows), source), Own(nameof(ScatterRows), target));
        Check.Buffer(nameof(ScatterRows), source, table.VisualRows, target.Columns);
        for (var i = 0; i < table.VisualRows; i++)
        {
            Check.That((uint)table.VisualTargets[i] < (uint)target.Rows, nameof(ScatterRows), target.Name, $"has no row {table.VisualTargets[i]}");
            Span(from, i).CopyTo(Span(to, table.VisualTargets[i]));
        }
    }

    public void GatherRows(StepTable table, DeviceBuffer source, DeviceBuffer target)
    {
        var (from, to) = (Own(nameof(GatherRows), source), Own(nameof(GatherRows), target));
        Check.Buffer(nameof(GatherRows), target, table.Outputs, source.Columns);
        for (var i = 0; i < table.Outputs; i++)
        {
            Check.That((uint)table.OutputRows[i] < (uint)source.Rows, nameof(GatherRows), source.Name, $"has no row {table.OutputRows[i]}");
            Span(from, table.OutputRows[i]).CopyTo(Span(to, i));
        }
    }

    public void Norm(
        NormKind kind, DeviceBuffer input, int rows, DeviceWeight weight, DeviceWeight? bias, float epsilon, DeviceBuffer output)
    {
        Check.Buffer(nameof(Norm), input, rows, input.Columns);
        Check.Buffer(nameof(Norm), output, rows, input.Columns);
        var (scale, shift) = (Vector(nameof(Norm), weight, input.Columns), OptionalVector(nameof(Norm), bias, input.Columns));
        _norm.Run(kind, Own(nameof(Norm), input), rows, scale, shift, epsilon, Own(nameof(Norm), output));
    }

    public void Product(DeviceBuffer input, int rows, IReadOnlyList<Projection> projections)
    {
        Check.Buffer(nameof(Product), input, rows, input.Columns);
        _product.Begin(Own(nameof(Product), input), rows);
        for (var i = 0; i < projections.Count; i++)
        {
            _product.AddTarget(Target(input, rows, projections[i]));
        }

        _product.Run();
    }

    public void RotateAppend(
        StepTable table, AttentionSpec spec, DeviceBuffer query, DeviceBuffer key, DeviceBuffer value, KvPool pool, int layer)
    {
        CheckAttention(nameof(RotateAppend), table, spec, pool, layer);
        Check.That(!spec.Rotate || spec.HeadSize == 2 * table.Pairs, nameof(RotateAppend), "step table", $"rotates {table.Pairs} pairs of heads of {spec.HeadSize}");
        Check.Buffer(nameof(RotateAppend), query, table.Rows, (long)spec.Heads * spec.HeadSize);
        Check.Buffer(nameof(RotateAppend), key, table.Rows, (long)spec.KvHeads * spec.HeadSize);
        Check.Buffer(nameof(RotateAppend), value, table.Rows, (long)spec.KvHeads * spec.HeadSize);
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
        CheckAttention(nameof(Attend), table, spec, pool, layer);
        Check.That(spec.Chunk % pool.Shape.PageTokens == 0, nameof(Attend), "pool", $"has pages of {pool.Shape.PageTokens} that do not divide the chunk of {spec.Chunk}");
        Check.Buffer(nameof(Attend), query, table.Rows, (long)spec.Heads * spec.HeadSize);
        Check.Buffer(nameof(Attend), output, table.Rows, (long)spec.Heads * spec.HeadSize);
        _attention.Run(
            table, spec, Own(nameof(Attend), query), Check.Own<PortableKvPool>(nameof(Attend), pool), layer, Own(nameof(Attend), output));
    }

    public void Rotate(DeviceBuffer query, DeviceBuffer key, int rows, int heads, DeviceBuffer cosines, DeviceBuffer sines)
    {
        Check.Buffer(nameof(Rotate), query, rows, 2L * heads * cosines.Columns);
        Check.Buffer(nameof(Rotate), key, rows, query.Columns);
        Check.Buffer(nameof(Rotate), sines, cosines.Rows, cosines.Columns);
        _rotate.Run(
            Own(nameof(Rotate), query), Own(nameof(Rotate), key), rows, heads, Own(nameof(Rotate), cosines), Own(nameof(Rotate), sines));
    }

    public void AttendTiles(
        DeviceBuffer query, DeviceBuffer key, DeviceBuffer value, int tiles, int tokens, int heads, float softmaxScale, DeviceBuffer output)
    {
        var rows = (long)tiles * tokens;
        Check.That(query.Columns % heads == 0, nameof(AttendTiles), query.Name, $"has {query.Columns} columns for {heads} heads");
        Check.Buffer(nameof(AttendTiles), query, rows, query.Columns);
        Check.Buffer(nameof(AttendTiles), key, rows, query.Columns);
        Check.Buffer(nameof(AttendTiles), value, rows, query.Columns);
        Check.Buffer(nameof(AttendTiles), output, rows, query.Columns);
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
        var experts = router.Spec.Outputs;
        Check.Buffer(nameof(Route), input, rows, input.Columns);
        Check.Weight(nameof(Route), router.Spec, experts, input.Columns);
        Check.Rows(nameof(Route), "routing", rows, routing.Rows);
        Check.That(routing.Slots <= experts, nameof(Route), router.Spec.Name, $"has {experts} experts for {routing.Slots} slots");
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
        var own = Check.Own<PortableRouting>(nameof(ExpertRows), routing);
        var experts = weights.Gate.Spec.Parts.Count;
        var assignments = (long)rows * routing.Slots;
        Check.Rows(nameof(ExpertRows), "routing", rows, routing.Rows);
        Check.Buffer(nameof(ExpertRows), input, rows, input.Columns);
        Check.Buffer(nameof(ExpertRows), inner, assignments, inner.Columns);
        Check.Buffer(nameof(ExpertRows), output, assignments, input.Columns);
        Check.Weight(nameof(ExpertRows), weights.Gate.Spec, inner.Columns, input.Columns, experts);
        Check.Weight(nameof(ExpertRows), weights.Up.Spec, inner.Columns, input.Columns, experts);
        Check.Weight(nameof(ExpertRows), weights.Down.Spec, input.Columns, inner.Columns, experts);
        foreach (var expert in own.Experts.AsSpan(0, (int)assignments))
        {
            Check.That(expert >= -1 && expert < experts, nameof(ExpertRows), weights.Gate.Spec.Name, $"has no expert {expert}");
        }

        var gateUp = new ProductTarget(
            Own(nameof(ExpertRows), weights.Up), Own(nameof(ExpertRows), inner), Bias: null, Epilogue.SwiGlu, Own(nameof(ExpertRows), weights.Gate), Residual: null);
        var down = new ProductTarget(
            Own(nameof(ExpertRows), weights.Down), Own(nameof(ExpertRows), output), Bias: null, Epilogue.None, Gate: null, Residual: null);
        _experts.Run(Own(nameof(ExpertRows), input), own, rows, new ExpertTargets(gateUp, down, experts, weights.ScoreOn));
    }

    public void Combine(DeviceBuffer residual, DeviceBuffer shared, DeviceBuffer expertRows, int rows, int slots)
    {
        Check.Buffer(nameof(Combine), residual, rows, residual.Columns);
        Check.Buffer(nameof(Combine), shared, rows, residual.Columns);
        Check.Buffer(nameof(Combine), expertRows, (long)rows * slots, residual.Columns);
        _combine.Run(Own(nameof(Combine), residual), Own(nameof(Combine), shared), Own(nameof(Combine), expertRows), rows, slots);
    }

    public void Logits(DeviceBuffer input, int rows, DeviceWeight head, DeviceBuffer logits)
    {
        Check.Buffer(nameof(Logits), input, rows, input.Columns);
        Check.Weight(nameof(Logits), head.Spec, logits.Columns, input.Columns);
        Check.Buffer(nameof(Logits), logits, rows, logits.Columns);
        _product.Begin(Own(nameof(Logits), input), rows);
        _product.AddTarget(
            new ProductTarget(Own(nameof(Logits), head), Own(nameof(Logits), logits), Bias: null, Epilogue.None, Gate: null, Residual: null));
        _product.Run();
    }

    public void Best(DeviceBuffer logits, int rows, DeviceChoices choices)
    {
        Check.Buffer(nameof(Best), logits, rows, logits.Columns);
        Check.Rows(nameof(Best), "choices", rows, choices.Rows);
        _best.Run(Own(nameof(Best), logits), rows, Check.Own<PortableChoices>(nameof(Best), choices));
    }

    public void Unfold(DeviceBuffer pixels, int tiles, TileShape shape, DeviceBuffer patches)
    {
        Check.Buffer(nameof(Unfold), pixels, tiles, shape.TileElements);
        Check.Buffer(nameof(Unfold), patches, (long)tiles * shape.Patches, shape.PatchElements);
        _unfold.Run(Own(nameof(Unfold), pixels), tiles, shape, Own(nameof(Unfold), patches));
    }

    public void AddPositions(DeviceBuffer patches, int tiles, DeviceWeight classEmbedding, DeviceWeight positions, DeviceBuffer output)
    {
        var rows = positions.Spec.Outputs;
        Check.RowMajor(nameof(AddPositions), positions.Spec);
        Check.Weight(nameof(AddPositions), positions.Spec, rows, output.Columns);
        Check.Buffer(nameof(AddPositions), patches, (long)tiles * (rows - 1), output.Columns);
        Check.Buffer(nameof(AddPositions), output, (long)tiles * rows, output.Columns);
        _addPositions.Run(
            Own(nameof(AddPositions), patches),
            tiles,
            Vector(nameof(AddPositions), classEmbedding, output.Columns),
            Own(nameof(AddPositions), positions),
            Own(nameof(AddPositions), output));
    }

    public void PixelShuffle(DeviceBuffer input, int tiles, int grid, int side, DeviceBuffer output)
    {
        Check.That(grid % side == 0, nameof(PixelShuffle), input.Name, $"has a grid of {grid} that {side} does not divide");
        Check.Buffer(nameof(PixelShuffle), input, (long)tiles * ((grid * grid) + 1), input.Columns);
        Check.Buffer(nameof(PixelShuffle), output, (long)tiles * (grid / side) * (grid / side), (long)input.Columns * side * side);
        _pixelShuffle.Run(Own(nameof(PixelShuffle), input), tiles, grid, side, Own(nameof(PixelShuffle), output));
    }

    private static void CheckAttention(string operation, StepTable table, AttentionSpec spec, KvPool pool, int layer)
    {
        Check.That(
            spec.KvHeads == pool.Shape.KvHeads && spec.HeadSize == pool.Shape.HeadSize && spec.Heads % spec.KvHeads == 0,
            operation,
            "pool",
            $"has {pool.Shape.KvHeads} heads of {pool.Shape.HeadSize}, attention {spec.Heads} on {spec.KvHeads} of {spec.HeadSize}");
        Check.That((uint)layer < (uint)pool.Shape.Layers, operation, "pool", $"has no layer {layer}");
        Check.Rows(operation, "step table", table.Rows, table.Positions.Length);
        Check.That(table.Positions.AsSpan(0, table.Rows).IndexOfAnyInRange(int.MinValue, -1) < 0, operation, "step table", "has a negative position");
    }

    private static PortableWeight Vector(string operation, DeviceWeight weight, int length)
    {
        Check.Weight(operation, weight.Spec, 1, length);
        return Own(operation, weight);
    }

    private static PortableWeight? OptionalVector(string operation, DeviceWeight? weight, int length) =>
        weight is null ? null : Vector(operation, weight, length);

    private static ProductTarget Target(DeviceBuffer input, int rows, Projection projection)
    {
        var outputs = projection.Output.Columns;
        Check.Weight(nameof(Product), projection.Weight.Spec, outputs, input.Columns);
        Check.Buffer(nameof(Product), projection.Output, rows, outputs);
        Check.That(!ReferenceEquals(projection.Output, input), nameof(Product), input.Name, "is both input and output");
        Check.That(
            projection.Gate is null == (projection.Epilogue != Epilogue.SwiGlu), nameof(Product), projection.Weight.Spec.Name, "needs a gate for SwiGLU, and only then");
        Check.That(
            projection.Residual is null == (projection.Epilogue != Epilogue.Residual), nameof(Product), projection.Weight.Spec.Name, "needs a residual for its epilogue, and only then");
        if (projection.Gate is not null)
        {
            Check.Weight(nameof(Product), projection.Gate.Spec, outputs, input.Columns);
        }

        if (projection.Residual is not null)
        {
            Check.Buffer(nameof(Product), projection.Residual, rows, outputs);
        }

        return new ProductTarget(
            Own(nameof(Product), projection.Weight),
            Own(nameof(Product), projection.Output),
            OptionalVector(nameof(Product), projection.Bias, outputs),
            projection.Epilogue,
            projection.Gate is null ? null : Own(nameof(Product), projection.Gate),
            projection.Residual is null ? null : Own(nameof(Product), projection.Residual));
    }
}
