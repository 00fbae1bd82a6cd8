namespace Pipeline.Kernels.Tests;

public abstract partial class DeviceContract
{
    [DeviceTheory]
    [InlineData(4, 4, 2, false, QueryKeyNorm.None)]
    [InlineData(8, 2, 16, true, QueryKeyNorm.AfterRotation)]
    [InlineData(5, 1, 22, true, QueryKeyNorm.BeforeRotation)]
    [InlineData(6, 2, 128, false, QueryKeyNorm.None)]
    public void Attention_over_pages_matches_the_reference(int heads, int kvHeads, int headSize, bool rotate, QueryKeyNorm norm)
    {
        foreach (var chunk in new[] { 0, 24 })
        {
            var spec = new AttentionSpec(
                heads, kvHeads, headSize, chunk == 0 ? AttentionKind.Full : AttentionKind.Chunked, chunk, rotate, norm, 1e-3f, ScaleQuery: !rotate, 0.7f);

            // Scores of normed heads reach the head size; keys and queries of [-1, 1) stay far below.
            Matches(4 * Budget.Attention(headSize, keys: 61), $"{spec}", device => new Conversation(device, spec, seed: 50).Prefill([61, 13]));
        }
    }

    [DeviceTheory]
    [InlineData(0)]
    [InlineData(24)]
    public void A_row_attends_alike_in_any_chunks_beside_any_others(int chunk)
    {
        var spec = new AttentionSpec(
            6, 2, 24, AttentionKind.Full, chunk, Rotate: true, QueryKeyNorm.AfterRotation, 1e-3f, ScaleQuery: true, 0.2f);
        using var whole = Create(threads: 1);
        var expected = new Conversation(whole, spec, seed: 51).Prefill([61, 13]);
        foreach (var (threads, step) in new[] { (2, 1), (3, 7), (2, 32) })
        {
            using var device = Create(threads);
            Assert.Equal(expected, new Conversation(device, spec, seed: 51).Prefill([61, 13], step));
        }
    }

    [DeviceFact]
    public void A_key_that_is_not_a_number_shows_in_the_rows_that_see_it()
    {
        using var device = Create(threads: 1);
        const int rows = 12, poisoned = 5;
        var spec = new AttentionSpec(1, 1, 4, AttentionKind.Full, 0, Rotate: false, QueryKeyNorm.None, 0, ScaleQuery: false, 1);
        var pool = device.AllocateKv(new KvShape(Layers: 1, Pages: 2, PageTokens: 8, KvHeads: 1, HeadSize: 4));
        var table = new StepTable(rows, sequences: 1, pages: 2, pairs: 2) { Rows = rows, Sequences = 1 };
        Enumerable.Range(0, rows).ToArray().CopyTo(table.Positions, 0);
        table.Pages(AttentionKind.Full)[1] = 1;
        var keys = Enumerable.Repeat(0.5f, rows * 4).ToArray();
        keys[(poisoned * 4) + 2] = float.NaN;
        var (query, output) = (Upload(device, Enumerable.Repeat(1f, rows * 4).ToArray(), rows), device.Allocate("output", rows, 4));
        device.Upload(table);
        device.RotateAppend(table, spec, query, Upload(device, keys, rows), query, pool, 0);
        device.Attend(table, spec, query, pool, 0, output);
        Assert.Equal(Enumerable.Range(0, rows * 4).Select(i => i / 4 >= poisoned), Read(device, output).Select(float.IsNaN));
    }

    /// <summary>Two sequences in one pool, whose pages lie scattered, prefilled in steps.</summary>
    private sealed class Conversation
    {
        private const int PageTokens = 8;
        private const int Pages = 20;
        private const int Layer = 1;

        private readonly IDevice _device;
        private readonly AttentionSpec _spec;
        private readonly TestWeights _numbers;
        private readonly KvPool _pool;

        public Conversation(IDevice device, AttentionSpec spec, int seed)
        {
            _device = device;
            _spec = spec;
            _numbers = new TestWeights(seed);
            _pool = device.AllocateKv(new KvShape(Layers: 2, Pages, PageTokens, spec.KvHeads, spec.HeadSize));
        }

        /// <summary>Attention of all rows, sequence by sequence, taking at most <paramref name="step"/> of each sequence at a time.</summary>
        public float[] Prefill(int[] lengths, int step = int.MaxValue)
        {
            var total = lengths.Sum();
            var (q, kv) = (_spec.Heads * _spec.HeadSize, _spec.KvHeads * _spec.HeadSize);
            var (queries, keys, values) = (_numbers.Numbers(total * q), _numbers.Numbers(total * kv), _numbers.Numbers(total * kv));
            var (angles, scales) = (_numbers.Numbers(total * _spec.HeadSize / 2, range: 3), _numbers.Numbers(total));
            var result = new float[total * q];
            for (var done = 0; done < lengths.Max(); done += Math.Min(step, total))
            {
                var rows = Rows(lengths, done, step);
                var table = Table(rows, lengths, angles, scales);
                var query = Upload(_device, Take(queries, rows, q), rows.Length);
                var output = _device.Allocate("output", rows.Length, q);
                _device.Upload(table);
                _device.RotateAppend(
                    table, _spec, query, Upload(_device, Take(keys, rows, kv), rows.Length), Upload(_device, Take(values, rows, kv), rows.Length), _pool, Layer);
                _device.Attend(table, _spec, query, _pool, Layer, output);
                var read = Read(_device, output);
                for (var i = 0; i < rows.Length; i++)
                {
                    read.AsSpan(i * q, q).CopyTo(result.AsSpan(rows[i].Index * q));
                }
            }

            return result;
        }

        private static (int Sequence, int Position, int Index)[] Rows(int[] lengths, int done, int step) =>
            [.. lengths.SelectMany((length, sequence) => Enumerable
                .Range(done, Math.Clamp(length - done, 0, step))
                .Select(position => (sequence, position, lengths[..sequence].Sum() + position)))];

        private static float[] Take(float[] all, (int Sequence, int Position, int Index)[] rows, int columns) =>
            [.. rows.SelectMany(row => all.AsSpan(row.Index * columns, columns).ToArray())];

        private StepTable Table((int Sequence, int Position, int Index)[] rows, int[] lengths, float[] angles, float[] scales)
        {
            var pairs = _spec.HeadSize / 2;
            var table = new StepTable(rows.Length, lengths.Length, Pages, pairs) { Rows = rows.Length, Sequences = lengths.Length };
            for (var i = 0; i < rows.Length; i++)
            {
                (table.RowSequences[i], table.Positions[i], table.QueryScales[i]) = (rows[i].Sequence, rows[i].Position, scales[rows[i].Index]);
                for (var j = 0; j < pairs; j++)
                {
                    var angle = angles[(rows[i].Index * pairs) + j];
                    (table.Cosines[(i * pairs) + j], table.Sines[(i * pairs) + j]) = ((float)Math.Cos(angle), (float)Math.Sin(angle));
                }
            }

            // The sequences' tables follow each other; their pages alternate through the pool, from its end.
            var entry = 0;
            for (var sequence = 0; sequence < lengths.Length; sequence++)
            {
                table.PageOffsets(_spec.Kind)[sequence] = entry;
                for (var page = 0; page * PageTokens < lengths[sequence]; page++)
                {
                    table.Pages(_spec.Kind)[entry++] = Pages - 1 - (page * lengths.Length) - sequence;
                }
            }

            return table;
        }
    }
}
