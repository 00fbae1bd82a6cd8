namespace Pipeline.Kernels;

/// <summary>The operations: each checks its arguments and enqueues its kernels; what has no items enqueues nothing.</summary>
public sealed partial class IlgpuDevice
{
    public void Embed(StepTable table, DeviceWeight embedding, DeviceBuffer output)
    {
        Arguments.Embed(table, embedding, output);
        var (weight, items) = (Own(nameof(Embed), embedding), (long)table.Rows * output.Columns);
        if (items > 0)
        {
            var own = Uploaded(nameof(Embed), table);
            _runtime.Plain.Embed(
                _runtime.Stream,
                _runtime.Over(items),
                own.View,
                weight.Words,
                Own(nameof(Embed), output).View,
                own.Shape(AttentionKind.Full),
                weight.Shape,
                table.Rows,
                output.Columns);
        }
    }

    public void ScatterRows(StepTable table, DeviceBuffer source, DeviceBuffer target)
    {
        Arguments.ScatterRows(table, source, target);
        var (from, to, items) = (Own(nameof(ScatterRows), source), Own(nameof(ScatterRows), target), (long)table.VisualRows * target.Columns);
        if (items > 0)
        {
            var own = Uploaded(nameof(ScatterRows), table);
            _runtime.Plain.Scatter(
                _runtime.Stream, _runtime.Over(items), own.View, from.View, to.View, own.Shape(AttentionKind.Full).VisualTargets, table.VisualRows, target.Columns);
        }
    }

    public void GatherRows(StepTable table, DeviceBuffer source, DeviceBuffer target)
    {
        Arguments.GatherRows(table, source, target);
        var (from, to, items) = (Own(nameof(GatherRows), source), Own(nameof(GatherRows), target), (long)table.Outputs * target.Columns);
        if (items > 0)
        {
            var own = Uploaded(nameof(GatherRows), table);
            _runtime.Plain.Gather(
                _runtime.Stream, _runtime.Over(items), own.View, from.View, to.View, own.Shape(AttentionKind.Full).OutputRows, table.Outputs, target.Columns);
        }
    }

    public void Norm(
        NormKind kind, DeviceBuffer input, int rows, DeviceWeight weight, DeviceWeight? bias, float epsilon, DeviceBuffer output)
    {
        Arguments.Norm(input, rows, weight, bias, output);
        var (from, to) = (Own(nameof(Norm), input), Own(nameof(Norm), output));
        var (scale, shift) = (Own(nameof(Norm), weight).Vector, bias is null ? _noFloats : Own(nameof(Norm), bias).Vector);
        if (rows > 0)
        {
            var shape = new NormShape(rows, input.Columns, kind == NormKind.Layer ? 1 : 0, bias is null ? 0 : 1, epsilon);
            if (FastKernels)
            {
                _runtime.Warps!.Norm(_runtime.Stream, _runtime.OverGroups(rows, GroupNormKernels.MostThreads), from.View, scale, shift, to.View, shape);
                return;
            }

            var strips = (long)rows * shape.Strips;
            var moments = _moments.Of(2 * strips);
            _runtime.Plain.Moments(_runtime.Stream, _runtime.Over(strips), from.View, moments, shape);
            _runtime.Plain.Norm(
                _runtime.Stream, _runtime.Over((long)rows * input.Columns), from.View, moments, scale, shift, to.View, shape);
        }
    }

    public void Product(DeviceBuffer input, int rows, IReadOnlyList<Projection> projections)
    {
        var from = Own(nameof(Product), input);
        var rounded = false;
        for (var i = 0; i < projections.Count; i++)
        {
            var projection = projections[i];
            Arguments.Product(input, rows, projection);
            Multiply(
                from.View,
                rows,
                ref rounded,
                Own(nameof(Product), projection.Weight),
                projection.Gate is null ? null : Own(nameof(Product), projection.Gate),
                projection.Bias is null ? null : Own(nameof(Product), projection.Bias),
                projection.Residual is null ? null : Own(nameof(Product), projection.Residual),
                projection.Epilogue,
                Own(nameof(Product), projection.Output).View);
        }
    }

    public void RotateAppend(
        StepTable table, AttentionSpec spec, DeviceBuffer query, DeviceBuffer key, DeviceBuffer value, KvPool pool, int layer)
    {
        Arguments.RotateAppend(table, spec, query, key, value, pool, layer);
        var own = Check.Own<IlgpuKvPool>(nameof(RotateAppend), pool);
        var (queries, keys, values) = (Own(nameof(RotateAppend), query), Own(nameof(RotateAppend), key), Own(nameof(RotateAppend), value));
        if (table.Rows > 0)
        {
            var uploaded = Uploaded(nameof(RotateAppend), table);
            uploaded.RequirePages(nameof(RotateAppend), table, spec, pool.Shape);
            var shape = new RotateShape(
                uploaded.Shape(spec.Kind),
                own.Layer(layer),
                table.Rows,
                spec.Heads,
                (int)spec.Norm,
                spec.NormEpsilon,
                spec.Rotate ? 1 : 0,
                spec.ScaleQuery ? 1 : 0);
            var heads = (long)table.Rows * (spec.Heads + (2 * spec.KvHeads));
            var byWarps = FastKernels && spec.HeadSize % 2 == 0;
            (byWarps ? _runtime.Warps!.RotateAppend : _runtime.Plain.RotateAppend)(
                _runtime.Stream,
                byWarps ? _runtime.OverWarps(heads) : _runtime.Over(heads),
                uploaded.View,
                queries.View,
                keys.View,
                values.View,
                own.View,
                shape);
        }
    }

    public void Attend(StepTable table, AttentionSpec spec, DeviceBuffer query, KvPool pool, int layer, DeviceBuffer output)
    {
        Arguments.Attend(table, spec, query, pool, layer, output);
        var own = Check.Own<IlgpuKvPool>(nameof(Attend), pool);
        var (from, to) = (Own(nameof(Attend), query), Own(nameof(Attend), output));
        if (table.Rows > 0)
        {
            var uploaded = Uploaded(nameof(Attend), table);
            uploaded.RequirePages(nameof(Attend), table, spec, pool.Shape);
            var shape = new AttendShape(uploaded.Shape(spec.Kind), own.Layer(layer), table.Rows, spec.Heads, spec.Chunk, spec.SoftmaxScale);
            if (FastKernels && spec.HeadSize <= WarpAttentionKernels.LongestHead)
            {
                AttendRows(table, shape, uploaded.View, from.View, own.View, to.View);
                return;
            }

            _runtime.Plain.Attend(
                _runtime.Stream, _runtime.Over((long)table.Rows * spec.Heads), uploaded.View, from.View, own.View, to.View, shape);
        }
    }

    public void Rotate(DeviceBuffer query, DeviceBuffer key, int rows, int heads, DeviceBuffer cosines, DeviceBuffer sines)
    {
        Arguments.Rotate(query, key, rows, heads, cosines, sines);
        var (queries, keys) = (Own(nameof(Rotate), query), Own(nameof(Rotate), key));
        var items = (long)rows * query.Columns / 2;
        if (items > 0)
        {
            _runtime.Plain.Rotate(
                _runtime.Stream,
                _runtime.Over(items),
                queries.View,
                keys.View,
                Own(nameof(Rotate), cosines).View,
                Own(nameof(Rotate), sines).View,
                rows,
                query.Columns / 2,
                cosines.Rows,
                cosines.Columns);
        }
    }

    public void AttendTiles(
        DeviceBuffer query, DeviceBuffer key, DeviceBuffer value, int tiles, int tokens, int heads, float softmaxScale, DeviceBuffer output)
    {
        Arguments.AttendTiles(query, key, value, tiles, tokens, heads, output);
        var rows = tiles * tokens;
        var shape = new TileAttendShape(rows, tokens, heads, query.Columns / heads, softmaxScale);
        var (queries, keys) = (Own(nameof(AttendTiles), query).View, Own(nameof(AttendTiles), key).View);
        var (values, to) = (Own(nameof(AttendTiles), value).View, Own(nameof(AttendTiles), output).View);
        if (rows == 0)
        {
            return;
        }

        if (Flashes(tokens, shape.HeadSize))
        {
            _flash!.AttendTiles(queries, keys, values, to, shape);
        }
        else if (FastKernels && shape.HeadSize <= WarpAttentionKernels.LongestHead)
        {
            _runtime.Warps!.AttendTiles(_runtime.Stream, _runtime.OverWarps((long)rows * heads), queries, keys, values, to, shape);
        }
        else
        {
            _runtime.Plain.AttendTiles(_runtime.Stream, _runtime.Over((long)rows * heads), queries, keys, values, to, shape);
        }
    }

    public void Route(DeviceBuffer input, int rows, DeviceWeight router, RouterScore score, DeviceRouting routing)
    {
        Arguments.Route(input, rows, router, routing);
        var own = Check.Own<IlgpuRouting>(nameof(Route), routing);
        if (rows > 0 && routing.Slots > 0)
        {
            var experts = router.Spec.Outputs;
            var logits = _routerLogits.Of((long)rows * experts);

            // In float32 for any number of rows: a rounded row may choose other experts.
            MultiplyRows(Own(nameof(Route), input).View, rows, Own(nameof(Route), router), gate: null, bias: null, residual: null, Epilogue.None, logits);
            own.Range = (0, experts - 1);
            _runtime.Plain.Route(
                _runtime.Stream, _runtime.Over(rows), logits, own.Experts, own.Scores, new RouteShape(rows, experts, routing.Slots, (int)score));
        }
    }

    public void ExpertRows(
        DeviceBuffer input, DeviceRouting routing, int rows, ExpertWeights weights, DeviceBuffer inner, DeviceBuffer output)
    {
        Arguments.ExpertRows(input, routing, rows, weights, inner, output);
        var own = Check.Own<IlgpuRouting>(nameof(ExpertRows), routing);
        var assignments = rows * routing.Slots;
        if (assignments == 0)
        {
            return;
        }

        Arguments.Expert(own.Range.Lowest, weights);
        Arguments.Expert(own.Range.Highest, weights);
        var (gate, up, down) = (Own(nameof(ExpertRows), weights.Gate), Own(nameof(ExpertRows), weights.Up), Own(nameof(ExpertRows), weights.Down));
        var (from, between, to) = (Own(nameof(ExpertRows), input), Own(nameof(ExpertRows), inner), Own(nameof(ExpertRows), output));
        MultiplyExperts(
            from.View,
            own,
            new ExpertShape(assignments, routing.Slots, input.Columns, up.Shape, gate.Shape, weights.ScoreOn == ScoreOn.Input ? 1 : 0),
            new ExpertShape(assignments, routing.Slots, inner.Columns, down.Shape, down.Shape, weights.ScoreOn == ScoreOn.Output ? 1 : 0),
            (gate, up, down),
            between.View,
            to.View);
    }

    public void Combine(DeviceBuffer residual, DeviceBuffer shared, DeviceBuffer expertRows, int rows, int slots)
    {
        Arguments.Combine(residual, shared, expertRows, rows, slots);
        var (sum, addend, assigned) = (Own(nameof(Combine), residual), Own(nameof(Combine), shared), Own(nameof(Combine), expertRows));
        if (rows > 0)
        {
            _runtime.Plain.Combine(
                _runtime.Stream, _runtime.Over((long)rows * residual.Columns), sum.View, addend.View, assigned.View, rows, residual.Columns, slots);
        }
    }

    public void Logits(DeviceBuffer input, int rows, DeviceWeight head, DeviceBuffer logits)
    {
        Arguments.Logits(input, rows, head, logits);
        var rounded = false;
        Multiply(
            Own(nameof(Logits), input).View, rows, ref rounded, Own(nameof(Logits), head), gate: null, bias: null, residual: null, Epilogue.None, Own(nameof(Logits), logits).View);
    }

    public void Best(DeviceBuffer logits, int rows, DeviceChoices choices)
    {
        Arguments.Best(logits, rows, choices);
        var (from, own) = (Own(nameof(Best), logits), Check.Own<IlgpuChoices>(nameof(Best), choices));
        if (rows > 0)
        {
            var shape = new BestShape(rows, logits.Columns);
            var strips = (long)rows * shape.Strips;
            var (tokens, sums) = (_stripTokens.Of(strips), _stripSums.Of(strips));
            _runtime.Plain.BestStrips(_runtime.Stream, _runtime.Over(strips), from.View, tokens, sums, shape);
            _runtime.Plain.Best(_runtime.Stream, _runtime.Over(rows), from.View, tokens, sums, own.Tokens, own.Totals, shape);
        }
    }

    public void Unfold(DeviceBuffer pixels, int tiles, TileShape shape, DeviceBuffer patches)
    {
        Arguments.Unfold(pixels, tiles, shape, patches);
        var (from, to) = (Own(nameof(Unfold), pixels), Own(nameof(Unfold), patches));
        if (tiles > 0)
        {
            _runtime.Plain.Unfold(
                _runtime.Stream,
                _runtime.Over((long)tiles * shape.Patches * shape.PatchElements),
                from.View,
                to.View,
                new UnfoldShape(tiles, shape.Grid, shape.PatchSize, shape.Channels));
        }
    }

    public void AddPositions(DeviceBuffer patches, int tiles, DeviceWeight classEmbedding, DeviceWeight positions, DeviceBuffer output)
    {
        Arguments.AddPositions(patches, tiles, classEmbedding, positions, output);
        var (from, to) = (Own(nameof(AddPositions), patches), Own(nameof(AddPositions), output));
        var (last, added) = (Own(nameof(AddPositions), classEmbedding), Own(nameof(AddPositions), positions));
        if (tiles > 0)
        {
            _runtime.Plain.AddPositions(
                _runtime.Stream,
                _runtime.Over((long)tiles * positions.Spec.Outputs * output.Columns),
                from.View,
                last.Vector,
                added.Words,
                to.View,
                added.Shape,
                tiles,
                output.Columns);
        }
    }

    public void PixelShuffle(DeviceBuffer input, int tiles, int grid, int side, DeviceBuffer output)
    {
        Arguments.PixelShuffle(input, tiles, grid, side, output);
        var (from, to) = (Own(nameof(PixelShuffle), input), Own(nameof(PixelShuffle), output));
        var items = (long)tiles * (grid / side) * (grid / side) * output.Columns;
        if (items > 0)
        {
            _runtime.Plain.PixelShuffle(_runtime.Stream, _runtime.Over(items), from.View, to.View, tiles, grid, side, input.Columns);
        }
    }
}
