namespace Pipeline.Kernels;

/// <summary>Operations of the text model.</summary>
public sealed partial class ReferenceDevice
{
    public void Embed(StepTable table, DeviceWeight embedding, DeviceBuffer output)
    {
        for (var row = 0; row < table.Rows; row++)
        {
            for (var i = 0; i < output.Columns && table.TokenIds[row] >= 0; i++)
            {
                ((ReferenceBuffer)output)[row, i] = ((ReferenceWeight)embedding).At(table.TokenIds[row], i);
            }
        }
    }

    public void ScatterRows(StepTable table, DeviceBuffer source, DeviceBuffer target)
    {
        for (var i = 0; i < table.VisualRows; i++)
        {
            ((ReferenceBuffer)source).Row(i).CopyTo(((ReferenceBuffer)target).Row(table.VisualTargets[i]));
        }
    }

    public void GatherRows(StepTable table, DeviceBuffer source, DeviceBuffer target)
    {
        for (var i = 0; i < table.Outputs; i++)
        {
            ((ReferenceBuffer)source).Row(table.OutputRows[i]).CopyTo(((ReferenceBuffer)target).Row(i));
        }
    }

    public void Norm(
        NormKind kind, DeviceBuffer input, int rows, DeviceWeight weight, DeviceWeight? bias, float epsilon, DeviceBuffer output)
    {
        for (var row = 0; row < rows; row++)
        {
            var x = ((ReferenceBuffer)input).Row(row).ToArray();
            var mean = kind == NormKind.Layer ? x.Average() : 0;
            var scale = 1 / Math.Sqrt(x.Average(v => (v - mean) * (v - mean)) + epsilon);
            for (var i = 0; i < x.Length; i++)
            {
                ((ReferenceBuffer)output)[row, i] =
                    ((x[i] - mean) * scale * ((ReferenceWeight)weight).At(0, i)) + ((bias as ReferenceWeight)?.At(0, i) ?? 0);
            }
        }
    }

    public void Product(DeviceBuffer input, int rows, IReadOnlyList<Projection> projections)
    {
        foreach (var p in projections)
        {
            for (var row = 0; row < rows; row++)
            {
                for (var o = 0; o < p.Output.Columns; o++)
                {
                    var sum = Dot(input, row, p.Weight, o) + ((p.Bias as ReferenceWeight)?.At(0, o) ?? 0);
                    ((ReferenceBuffer)p.Output)[row, o] = p.Epilogue switch
                    {
                        Epilogue.Gelu => Gelu(sum),
                        Epilogue.Residual => ((ReferenceBuffer)p.Residual!)[row, o] + sum,
                        Epilogue.SwiGlu => Silu(Dot(input, row, p.Gate!, o)) * sum,
                        _ => sum,
                    };
                }
            }
        }
    }

    public void RotateAppend(
        StepTable table, AttentionSpec spec, DeviceBuffer query, DeviceBuffer key, DeviceBuffer value, KvPool pool, int layer)
    {
        for (var row = 0; row < table.Rows; row++)
        {
            Prepare(table, spec, row, ((ReferenceBuffer)query).Row(row), spec.ScaleQuery ? table.QueryScales[row] : 1);
            Prepare(table, spec, row, ((ReferenceBuffer)key).Row(row), 1);
            var (page, token) = PageOf(table, spec.Kind, pool, row, table.Positions[row]);
            for (var h = 0; h < spec.KvHeads; h++)
            {
                var head = new Range(h * spec.HeadSize, (h + 1) * spec.HeadSize);
                ((ReferenceBuffer)key).Row(row)[head].CopyTo(((ReferenceKvPool)pool).Key(page, layer, h, token));
                ((ReferenceBuffer)value).Row(row)[head].CopyTo(((ReferenceKvPool)pool).Value(page, layer, h, token));
            }
        }
    }

    public void Attend(StepTable table, AttentionSpec spec, DeviceBuffer query, KvPool pool, int layer, DeviceBuffer output)
    {
        for (var row = 0; row < table.Rows; row++)
        {
            var last = table.Positions[row];
            var first = spec.Chunk == 0 ? 0 : last / spec.Chunk * spec.Chunk;
            for (var h = 0; h < spec.Heads; h++)
            {
                var kvHead = h / (spec.Heads / spec.KvHeads);
                var head = new Range(h * spec.HeadSize, (h + 1) * spec.HeadSize);
                var keys = new List<double[]>();
                var values = new List<double[]>();
                for (var position = first; position <= last; position++)
                {
                    var (page, token) = PageOf(table, spec.Kind, pool, row, position);
                    keys.Add(((ReferenceKvPool)pool).Key(page, layer, kvHead, token).ToArray());
                    values.Add(((ReferenceKvPool)pool).Value(page, layer, kvHead, token).ToArray());
                }

                Attend(((ReferenceBuffer)query).Row(row)[head], keys, values, spec.SoftmaxScale, ((ReferenceBuffer)output).Row(row)[head]);
            }
        }
    }

    public void Route(DeviceBuffer input, int rows, DeviceWeight router, RouterScore score, DeviceRouting routing)
    {
        for (var row = 0; row < rows; row++)
        {
            var logits = Enumerable.Range(0, router.Spec.Outputs).Select(e => Dot(input, row, router, e)).ToArray();
            var best = logits.Select((logit, e) => (logit, e)).OrderByDescending(p => p.logit).ThenBy(p => p.e).Take(routing.Slots).ToArray();
            for (var slot = 0; slot < best.Length; slot++)
            {
                ((ReferenceRouting)routing).Experts[(row * routing.Slots) + slot] = best[slot].e;
                ((ReferenceRouting)routing).Scores[(row * routing.Slots) + slot] = score switch
                {
                    RouterScore.Sigmoid => 1 / (1 + Math.Exp(-best[slot].logit)),
                    RouterScore.SoftmaxThenTop => 1 / logits.Sum(logit => Math.Exp(logit - best[slot].logit)),
                    _ => 1 / best.Sum(p => Math.Exp(p.logit - best[slot].logit)),
                };
            }
        }
    }

    public void ExpertRows(
        DeviceBuffer input, DeviceRouting routing, int rows, ExpertWeights weights, DeviceBuffer inner, DeviceBuffer output)
    {
        for (var assignment = 0; assignment < rows * routing.Slots; assignment++)
        {
            var (row, expert) = (assignment / routing.Slots, ((ReferenceRouting)routing).Experts[assignment]);
            var score = ((ReferenceRouting)routing).Scores[assignment];
            var (before, after) = weights.ScoreOn == ScoreOn.Input ? (score, 1.0) : (1.0, score);
            for (var i = 0; i < inner.Columns && expert >= 0; i++)
            {
                ((ReferenceBuffer)inner)[assignment, i] =
                    Silu(before * Dot(input, row, weights.Gate, i, expert)) * before * Dot(input, row, weights.Up, i, expert);
            }

            for (var o = 0; o < output.Columns && expert >= 0; o++)
            {
                ((ReferenceBuffer)output)[assignment, o] = after * Dot(inner, assignment, weights.Down, o, expert);
            }
        }
    }

    public void Combine(DeviceBuffer residual, DeviceBuffer shared, DeviceBuffer expertRows, int rows, int slots)
    {
        for (var row = 0; row < rows; row++)
        {
            for (var i = 0; i < residual.Columns; i++)
            {
                ((ReferenceBuffer)residual)[row, i] += ((ReferenceBuffer)shared)[row, i]
                    + Enumerable.Range(row * slots, slots).Sum(assignment => ((ReferenceBuffer)expertRows)[assignment, i]);
            }
        }
    }

    public void Logits(DeviceBuffer input, int rows, DeviceWeight head, DeviceBuffer logits) =>
        Product(input, rows, [new Projection(head, logits)]);

    public void Best(DeviceBuffer logits, int rows, DeviceChoices choices)
    {
        for (var row = 0; row < rows; row++)
        {
            var x = ((ReferenceBuffer)logits).Row(row).ToArray();
            var maximum = x.Max();
            ((ReferenceChoices)choices).Choices[row] = new TokenChoice(
                Math.Max(Array.IndexOf(x, maximum), 0), (float)-Math.Log(x.Sum(logit => Math.Exp(logit - maximum))), x.All(double.IsFinite));
        }
    }

    private static double Dot(DeviceBuffer input, int row, DeviceWeight weight, int output, int part = 0)
    {
        var sum = 0.0;
        for (var i = 0; i < input.Columns; i++)
        {
            sum += ((ReferenceBuffer)input)[row, i] * ((ReferenceWeight)weight).At(output, i, part);
        }

        return sum;
    }

    private static double Silu(double x) => x / (1 + Math.Exp(-x));

    private static void Prepare(StepTable table, AttentionSpec spec, int row, Span<double> heads, double scale)
    {
        for (var h = 0; h < heads.Length; h += spec.HeadSize)
        {
            var head = heads.Slice(h, spec.HeadSize);
            Scale(head, spec.Norm == QueryKeyNorm.BeforeRotation ? InverseRootMeanSquare(head, spec.NormEpsilon) : 1);
            for (var j = 0; j < spec.HeadSize / 2 && spec.Rotate; j++)
            {
                Rotate(head.Slice(2 * j, 2), table.Cosines[(row * table.Pairs) + j], table.Sines[(row * table.Pairs) + j]);
            }

            Scale(head, spec.Norm == QueryKeyNorm.AfterRotation ? InverseRootMeanSquare(head, spec.NormEpsilon) : 1);
            Scale(head, scale);
        }
    }

    private static double InverseRootMeanSquare(ReadOnlySpan<double> head, double epsilon)
    {
        var sum = 0.0;
        foreach (var x in head)
        {
            sum += x * x;
        }

        return 1 / Math.Sqrt((sum / head.Length) + epsilon);
    }

    private static void Scale(Span<double> head, double factor)
    {
        foreach (ref var x in head)
        {
            x *= factor;
        }
    }

    private static void Rotate(Span<double> pair, double cosine, double sine) =>
        (pair[0], pair[1]) = ((pair[0] * cosine) - (pair[1] * sine), (pair[0] * sine) + (pair[1] * cosine));

    private static (int Page, int Token) PageOf(StepTable table, AttentionKind kind, KvPool pool, int row, int position)
    {
        var entry = table.PageOffsets(kind)[table.RowSequences[row]] + (position / pool.Shape.PageTokens);
        return (table.Pages(kind)[entry], position % pool.Shape.PageTokens);
    }

    private static void Attend(
        ReadOnlySpan<double> query, List<double[]> keys, List<double[]> values, double softmaxScale, Span<double> output)
    {
        var scores = new double[keys.Count];
        for (var t = 0; t < scores.Length; t++)
        {
            for (var i = 0; i < query.Length; i++)
            {
                scores[t] += softmaxScale * query[i] * keys[t][i];
            }
        }

        var weights = scores.Select(score => Math.Exp(score - scores.Max())).ToArray();
        for (var i = 0; i < output.Length; i++)
        {
            output[i] = weights.Zip(values, (weight, value) => weight * value[i]).Sum() / weights.Sum();
        }
    }
}
