namespace Pipeline.Kernels.Tests;

/// <summary>
/// A device that rounds to BF16 what tensor cores read where rows are many: the rows of products of BF16 weights; and, with such weights, of
/// attention queries, keys, values and the softmax's weights. Of keys it knows those that were appended through it.
/// </summary>
internal sealed class RoundingDevice(IDevice device) : GatedDevice(device)
{
    private readonly Dictionary<(KvPool Pool, int Layer, int Token), (float[] Keys, float[] Values)> _appended = [];
    private bool _rounds;

    public override DeviceWeight Load(WeightSpec spec)
    {
        _rounds |= IsRead(spec);
        return base.Load(spec);
    }

    public override void Product(DeviceBuffer input, int rows, IReadOnlyList<Projection> projections)
    {
        foreach (var projection in projections)
        {
            base.Product(Rounded(input, rows, rows, projection.Weight), rows, [projection]);
        }
    }

    public override void ExpertRows(DeviceBuffer input, DeviceRouting routing, int rows, ExpertWeights weights, DeviceBuffer inner, DeviceBuffer output) =>
        base.ExpertRows(Rounded(input, rows, rows * routing.Slots, weights.Gate), routing, rows, weights, inner, output);

    public override void Logits(DeviceBuffer input, int rows, DeviceWeight head, DeviceBuffer logits) =>
        base.Logits(Rounded(input, rows, rows, head), rows, head, logits);

    public override void RotateAppend(StepTable table, AttentionSpec spec, DeviceBuffer query, DeviceBuffer key, DeviceBuffer value, KvPool pool, int layer)
    {
        base.RotateAppend(table, spec, query, key, value, pool, layer);
        var (keys, values) = (Values(key, table.Rows), Values(value, table.Rows));
        for (var row = 0; row < table.Rows; row++)
        {
            _appended[(pool, layer, Token(table, spec, pool, row, table.Positions[row]))] = (keys[row], values[row]);
        }
    }

    public override void Attend(StepTable table, AttentionSpec spec, DeviceBuffer query, KvPool pool, int layer, DeviceBuffer output)
    {
        base.Attend(table, spec, query, pool, layer, output);
        var (queries, end) = (Values(query, table.Rows), 0);
        for (var first = 0; first < table.Rows; first = end)
        {
            end = IlgpuDevice.EndOfRun(table, first, spec.Chunk);
            if (IsRead(end - first, spec.HeadSize))
            {
                Upload(Attend(table, spec, queries, pool, layer, first, end), output, first);
            }
        }
    }

    public override void AttendTiles(
        DeviceBuffer query, DeviceBuffer key, DeviceBuffer value, int tiles, int tokens, int heads, float softmaxScale, DeviceBuffer output)
    {
        base.AttendTiles(query, key, value, tiles, tokens, heads, softmaxScale, output);
        var (rows, size) = (tiles * tokens, query.Columns / heads);
        if (!IsRead(tokens, size))
        {
            return;
        }

        var (queries, keys, values, results) = (Values(query, rows), Values(key, rows), Values(value, rows), new float[rows * query.Columns]);
        for (var item = 0; item < rows * heads; item++)
        {
            var (row, head) = (item / heads, item % heads);
            var tile = row / tokens * tokens;
            RoundedAttention.Attend(
                Head(queries[row], head, size),
                token => Head(keys[tile + token], head, size),
                token => Head(values[tile + token], head, size),
                tokens,
                softmaxScale,
                results.AsSpan(item * size, size));
        }

        Upload(results, output, 0);
    }

    private static int Token(StepTable table, AttentionSpec spec, KvPool pool, int row, int position)
    {
        var entry = table.PageOffsets(spec.Kind)[table.RowSequences[row]] + (position / pool.Shape.PageTokens);
        return (table.Pages(spec.Kind)[entry] * pool.Shape.PageTokens) + (position % pool.Shape.PageTokens);
    }

    private static ReadOnlySpan<float> Head(float[] row, int head, int size) => row.AsSpan(head * size, size);

    /// <summary>Whether tensor cores read a weight.</summary>
    private static bool IsRead(WeightSpec weight) => weight.Format == NumberFormat.BF16 || weight.Quantization != Quantization.None;

    /// <summary>Whether they attend.</summary>
    private bool IsRead(int rows, int headSize) => _rounds && rows > IlgpuDevice.FewRows && FlashAttention.Takes(headSize);

    private float[] Attend(StepTable table, AttentionSpec spec, float[][] queries, KvPool pool, int layer, int firstRow, int end)
    {
        var results = new float[(end - firstRow) * spec.Heads * spec.HeadSize];
        for (var item = 0; item < (end - firstRow) * spec.Heads; item++)
        {
            var (row, head) = (firstRow + (item / spec.Heads), item % spec.Heads);
            var first = spec.Chunk == 0 ? 0 : table.Positions[row] / spec.Chunk * spec.Chunk;
            var share = head / (spec.Heads / spec.KvHeads);
            var seen = Enumerable.Range(first, table.Positions[row] - first + 1)
                .Select(position => _appended[(pool, layer, Token(table, spec, pool, row, position))]).ToArray();
            RoundedAttention.Attend(
                Head(queries[row], head, spec.HeadSize),
                key => Head(seen[key].Keys, share, spec.HeadSize),
                key => Head(seen[key].Values, share, spec.HeadSize),
                seen.Length,
                spec.SoftmaxScale,
                results.AsSpan(item * spec.HeadSize, spec.HeadSize));
        }

        return results;
    }

    private float[][] Values(DeviceBuffer buffer, int rows)
    {
        var values = new float[rows * buffer.Columns];
        Read(buffer, 0, rows, values);
        return [.. values.Chunk(buffer.Columns)];
    }

    private DeviceBuffer Rounded(DeviceBuffer input, int rows, int multiplied, DeviceWeight weight)
    {
        if (multiplied <= IlgpuDevice.FewRows || !IsRead(weight.Spec))
        {
            return input;
        }

        var values = new float[rows * input.Columns];
        Read(input, 0, rows, values);
        var rounded = Allocate("rounded", input.Rows, input.Columns);
        Upload([.. values.Select(RoundedAttention.Round)], rounded, 0);
        return rounded;
    }
}
