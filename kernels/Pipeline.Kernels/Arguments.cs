namespace Pipeline.Kernels;

/// <summary>The shapes that operations ask of their arguments, checked on the host, the same on every device.</summary>
internal static class Arguments
{
    public static void Load(WeightSpec spec)
    {
        var row = spec.Orientation == WeightOrientation.OutputsByInputs ? spec.Inputs : spec.Outputs;
        Check.That(
            spec is { Outputs: > 0, Inputs: > 0, Parts.Count: > 0 } && spec.Parts.All(part => part.Stride >= row),
            nameof(Load),
            spec.Name,
            $"is {spec.Parts.Count} x [{spec.Outputs}, {spec.Inputs}] with rows that overlap or hold nothing");
        Check.That(spec.Quantization == Quantization.None || spec.Outputs > 1, nameof(Load), spec.Name, "is a vector, which is not quantized");
    }

    /// <returns>The rows that are uploaded.</returns>
    public static int Upload(int count, DeviceBuffer target, int firstRow)
    {
        var rows = Math.DivRem(count, target.Columns, out var rest);
        Check.That(rest == 0, nameof(Upload), target.Name, $"takes whole rows of {target.Columns}, not {count} floats");
        Check.Rows(nameof(Upload), target.Name, firstRow + (long)rows, target.Rows);
        return rows;
    }

    public static void Upload(StepTable table)
    {
        Check.Rows(nameof(Upload), "step table", table.Rows, table.TokenIds.Length);
        Check.Rows(nameof(Upload), "step table's visual targets", table.VisualRows, table.VisualTargets.Length);
        Check.Rows(nameof(Upload), "step table's outputs", table.Outputs, table.OutputRows.Length);
    }

    public static void Upload(ReadOnlySpan<int> experts, ReadOnlySpan<float> scores, DeviceRouting target)
    {
        Check.That(experts.Length == scores.Length, nameof(Upload), "routing", "takes a score for each expert");
        Check.Rows(nameof(Upload), "routing", experts.Length, target.Rows * (long)target.Slots);
    }

    public static void Read(string name, long first, long rows, int capacity) => Check.Rows(nameof(Read), name, first + rows, capacity);

    public static void Embed(StepTable table, DeviceWeight embedding, DeviceBuffer output)
    {
        Check.Buffer(nameof(Embed), output, table.Rows, embedding.Spec.Inputs);
        Check.RowMajor(nameof(Embed), embedding.Spec);
        foreach (var token in table.TokenIds.AsSpan(0, table.Rows))
        {
            Check.That(token < embedding.Spec.Outputs, nameof(Embed), embedding.Spec.Name, $"has no row {token}");
        }
    }

    public static void ScatterRows(StepTable table, DeviceBuffer source, DeviceBuffer target)
    {
        Check.Buffer(nameof(ScatterRows), source, table.VisualRows, target.Columns);
        foreach (var row in table.VisualTargets.AsSpan(0, table.VisualRows))
        {
            Check.That((uint)row < (uint)target.Rows, nameof(ScatterRows), target.Name, $"has no row {row}");
        }
    }

    public static void GatherRows(StepTable table, DeviceBuffer source, DeviceBuffer target)
    {
        Check.Buffer(nameof(GatherRows), target, table.Outputs, source.Columns);
        foreach (var row in table.OutputRows.AsSpan(0, table.Outputs))
        {
            Check.That((uint)row < (uint)source.Rows, nameof(GatherRows), source.Name, $"has no row {row}");
        }
    }

    public static void Norm(DeviceBuffer input, int rows, DeviceWeight weight, DeviceWeight? bias, DeviceBuffer output)
    {
        Check.Buffer(nameof(Norm), input, rows, input.Columns);
        Check.Buffer(nameof(Norm), output, rows, input.Columns);
        Vector(nameof(Norm), weight, input.Columns);
        Vector(nameof(Norm), bias, input.Columns);
    }

    public static void Product(DeviceBuffer input, int rows, Projection projection)
    {
        var outputs = projection.Output.Columns;
        Check.Buffer(nameof(Product), input, rows, input.Columns);
        Check.Weight(nameof(Product), projection.Weight.Spec, outputs, input.Columns);
        Check.Buffer(nameof(Product), projection.Output, rows, outputs);
        Check.That(!ReferenceEquals(projection.Output, input), nameof(Product), input.Name, "is both input and output");
        Check.That(
            projection.Gate is null == (projection.Epilogue != Epilogue.SwiGlu), nameof(Product), projection.Weight.Spec.Name, "needs a gate for SwiGLU, and only then");
        Check.That(
            projection.Residual is null == (projection.Epilogue != Epilogue.Residual), nameof(Product), projection.Weight.Spec.Name, "needs a residual for its epilogue, and only then");
        Vector(nameof(Product), projection.Bias, outputs);
        if (projection.Gate is not null)
        {
            Check.Weight(nameof(Product), projection.Gate.Spec, outputs, input.Columns);
        }

        if (projection.Residual is not null)
        {
            Check.Buffer(nameof(Product), projection.Residual, rows, outputs);
        }
    }

    public static void RotateAppend(
        StepTable table, AttentionSpec spec, DeviceBuffer query, DeviceBuffer key, DeviceBuffer value, KvPool pool, int layer)
    {
        Attention(nameof(RotateAppend), table, spec, pool, layer);
        Check.That(!spec.Rotate || spec.HeadSize == 2 * table.Pairs, nameof(RotateAppend), "step table", $"rotates {table.Pairs} pairs of heads of {spec.HeadSize}");
        Check.Buffer(nameof(RotateAppend), query, table.Rows, (long)spec.Heads * spec.HeadSize);
        Check.Buffer(nameof(RotateAppend), key, table.Rows, (long)spec.KvHeads * spec.HeadSize);
        Check.Buffer(nameof(RotateAppend), value, table.Rows, (long)spec.KvHeads * spec.HeadSize);
    }

    public static void Attend(StepTable table, AttentionSpec spec, DeviceBuffer query, KvPool pool, int layer, DeviceBuffer output)
    {
        Attention(nameof(Attend), table, spec, pool, layer);
        Check.That(spec.Chunk % pool.Shape.PageTokens == 0, nameof(Attend), "pool", $"has pages of {pool.Shape.PageTokens} that do not divide the chunk of {spec.Chunk}");
        Check.Buffer(nameof(Attend), query, table.Rows, (long)spec.Heads * spec.HeadSize);
        Check.Buffer(nameof(Attend), output, table.Rows, (long)spec.Heads * spec.HeadSize);
    }

    public static void Rotate(DeviceBuffer query, DeviceBuffer key, int rows, int heads, DeviceBuffer cosines, DeviceBuffer sines)
    {
        Check.Buffer(nameof(Rotate), query, rows, 2L * heads * cosines.Columns);
        Check.Buffer(nameof(Rotate), key, rows, query.Columns);
        Check.Buffer(nameof(Rotate), sines, cosines.Rows, cosines.Columns);
    }

    public static void AttendTiles(DeviceBuffer query, DeviceBuffer key, DeviceBuffer value, int tiles, int tokens, int heads, DeviceBuffer output)
    {
        var rows = (long)tiles * tokens;
        Check.That(query.Columns % heads == 0, nameof(AttendTiles), query.Name, $"has {query.Columns} columns for {heads} heads");
        Check.Buffer(nameof(AttendTiles), query, rows, query.Columns);
        Check.Buffer(nameof(AttendTiles), key, rows, query.Columns);
        Check.Buffer(nameof(AttendTiles), value, rows, query.Columns);
        Check.Buffer(nameof(AttendTiles), output, rows, query.Columns);
    }

    public static void Route(DeviceBuffer input, int rows, DeviceWeight router, DeviceRouting routing)
    {
        var experts = router.Spec.Outputs;
        Check.Buffer(nameof(Route), input, rows, input.Columns);
        Check.Weight(nameof(Route), router.Spec, experts, input.Columns);
        Check.Rows(nameof(Route), "routing", rows, routing.Rows);
        Check.That(routing.Slots <= experts, nameof(Route), router.Spec.Name, $"has {experts} experts for {routing.Slots} slots");
    }

    public static void ExpertRows(
        DeviceBuffer input, DeviceRouting routing, int rows, ExpertWeights weights, DeviceBuffer inner, DeviceBuffer output)
    {
        var experts = weights.Gate.Spec.Parts.Count;
        var assignments = (long)rows * routing.Slots;
        Check.Rows(nameof(ExpertRows), "routing", rows, routing.Rows);
        Check.Buffer(nameof(ExpertRows), input, rows, input.Columns);
        Check.Buffer(nameof(ExpertRows), inner, assignments, inner.Columns);
        Check.Buffer(nameof(ExpertRows), output, assignments, input.Columns);
        Check.Weight(nameof(ExpertRows), weights.Gate.Spec, inner.Columns, input.Columns, experts);
        Check.Weight(nameof(ExpertRows), weights.Up.Spec, inner.Columns, input.Columns, experts);
        Check.Weight(nameof(ExpertRows), weights.Down.Spec, input.Columns, inner.Columns, experts);
    }

    public static void Expert(int expert, ExpertWeights weights) => Check.That(
        expert >= -1 && expert < weights.Gate.Spec.Parts.Count, nameof(ExpertRows), weights.Gate.Spec.Name, $"has no expert {expert}");

    public static void Combine(DeviceBuffer residual, DeviceBuffer shared, DeviceBuffer expertRows, int rows, int slots)
    {
        Check.Buffer(nameof(Combine), residual, rows, residual.Columns);
        Check.Buffer(nameof(Combine), shared, rows, residual.Columns);
        Check.Buffer(nameof(Combine), expertRows, (long)rows * slots, residual.Columns);
    }

    public static void Logits(DeviceBuffer input, int rows, DeviceWeight head, DeviceBuffer logits)
    {
        Check.Buffer(nameof(Logits), input, rows, input.Columns);
        Check.Weight(nameof(Logits), head.Spec, logits.Columns, input.Columns);
        Check.Buffer(nameof(Logits), logits, rows, logits.Columns);
    }

    public static void Best(DeviceBuffer logits, int rows, DeviceChoices choices)
    {
        Check.Buffer(nameof(Best), logits, rows, logits.Columns);
        Check.Rows(nameof(Best), "choices", rows, choices.Rows);
    }

    public static void Unfold(DeviceBuffer pixels, int tiles, TileShape shape, DeviceBuffer patches)
    {
        Check.Buffer(nameof(Unfold), pixels, tiles, shape.TileElements);
        Check.Buffer(nameof(Unfold), patches, (long)tiles * shape.Patches, shape.PatchElements);
    }

    public static void AddPositions(DeviceBuffer patches, int tiles, DeviceWeight classEmbedding, DeviceWeight positions, DeviceBuffer output)
    {
        var rows = positions.Spec.Outputs;
        Check.RowMajor(nameof(AddPositions), positions.Spec);
        Check.Weight(nameof(AddPositions), positions.Spec, rows, output.Columns);
        Check.Buffer(nameof(AddPositions), patches, (long)tiles * (rows - 1), output.Columns);
        Check.Buffer(nameof(AddPositions), output, (long)tiles * rows, output.Columns);
        Vector(nameof(AddPositions), classEmbedding, output.Columns);
    }

    public static void PixelShuffle(DeviceBuffer input, int tiles, int grid, int side, DeviceBuffer output)
    {
        Check.That(grid % side == 0, nameof(PixelShuffle), input.Name, $"has a grid of {grid} that {side} does not divide");
        Check.Buffer(nameof(PixelShuffle), input, (long)tiles * ((grid * grid) + 1), input.Columns);
        Check.Buffer(nameof(PixelShuffle), output, (long)tiles * (grid / side) * (grid / side), (long)input.Columns * side * side);
    }

    private static void Attention(string operation, StepTable table, AttentionSpec spec, KvPool pool, int layer)
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

    private static void Vector(string operation, DeviceWeight? weight, int length)
    {
        if (weight is not null)
        {
            Check.Weight(operation, weight.Spec, 1, length);
        }
    }
}
