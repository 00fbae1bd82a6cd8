using System.Runtime.InteropServices;
using Pipeline.Cluster.Shards;

namespace Pipeline.Cluster.Wire;

/// <summary>
/// Divides a layer's routed rows into calls: a row goes once to each shard that holds an expert of it, and no frame, there or back,
/// is larger than <c>experts.frame-bytes</c>. Rows are independent, so calls are too.
/// </summary>
internal sealed class RowSplitter
{
    private readonly ShardTable _table;
    private readonly RequestLayout _layout;
    private readonly int _slots;
    private readonly long _frameBytes;
    private readonly Recycler<ExpertCall> _calls;
    private readonly WireBufferPool _buffers;
    private readonly List<Visit>[] _visits;

    /// <exception cref="PipelineException">A frame does not even take one row.</exception>
    public RowSplitter(ShardTable table, WireIdentity identity, Recycler<ExpertCall> calls, WireBufferPool buffers)
    {
        (_table, _slots, _frameBytes, _calls, _buffers) = (table, identity.Slots, identity.FrameBytes, calls, buffers);
        _layout = new RequestLayout(identity.Hidden);
        if (!Fits(1, identity.Slots))
        {
            throw new PipelineException(
                "experts.frame-bytes",
                $"pipeline.experts.frame-bytes = {identity.FrameBytes}: one row of {identity.Hidden} numbers and its {identity.Slots} results do not fit",
                $"at least {Math.Max(_layout.RequestBytes(1, _slots), _layout.ReplyBytes(_slots))} bytes");
        }

        _visits = [.. Enumerable.Range(0, table.Shards).Select(_ => new List<Visit>())];
    }

    /// <summary>Adds the calls to an exchange.</summary>
    /// <param name="layer">Decoder layer.</param>
    /// <param name="rows">[rows, hidden].</param>
    /// <param name="experts">[rows, slots]; below 0 where nothing is wanted.</param>
    /// <param name="scores">[rows, slots].</param>
    /// <param name="exchange">Gets the calls.</param>
    public void Split(int layer, ReadOnlySpan<float> rows, ReadOnlySpan<int> experts, ReadOnlySpan<float> scores, ExpertExchange exchange)
    {
        var shardOf = _table.Layer(layer);
        for (var target = 0; target < experts.Length; target++)
        {
            if (experts[target] >= 0)
            {
                _visits[shardOf[experts[target]]].Add(new Visit(target, experts[target], scores[target]));
            }
        }

        for (var shard = 0; shard < _visits.Length; shard++)
        {
            Cut(layer, shard, rows, exchange);
            _visits[shard].Clear();
        }
    }

    private void Cut(int layer, int shard, ReadOnlySpan<float> rows, ExpertExchange exchange)
    {
        var visits = CollectionsMarshal.AsSpan(_visits[shard]);
        for (var first = 0; first < visits.Length;)
        {
            // As many whole rows as fit.
            var (count, taken) = (0, 0);
            while (first + taken < visits.Length && RowEnd(visits, first + taken) - first is var end && Fits(count + 1, end))
            {
                (count, taken) = (count + 1, end);
            }

            exchange.Calls.Add(Encode(layer, shard, count, visits.Slice(first, taken), rows, exchange));
            first += taken;
        }
    }

    private ExpertCall Encode(int layer, int shard, int count, ReadOnlySpan<Visit> visits, ReadOnlySpan<float> rows, ExpertExchange exchange)
    {
        var frame = _buffers.Rent(_layout.RequestBytes(count, visits.Length));
        var call = _calls.Take();
        call.Prepare(exchange, layer, shard, count, visits.Length, frame);
        var assignments = RequestLayout.Assignments(frame, visits.Length);
        var input = RequestLayout.Input(frame, visits.Length);
        var (row, source) = (-1, -1);
        for (var i = 0; i < visits.Length; i++)
        {
            var visit = visits[i];
            if (visit.Target / _slots != source)
            {
                source = visit.Target / _slots;
                row++;
                rows.Slice(source * _layout.Hidden, _layout.Hidden).CopyTo(input[(row * _layout.Hidden)..]);
            }

            assignments[i] = new ExpertAssignment(row, visit.Expert, visit.Score);
            call.Targets[i] = visit.Target;
        }

        return call;
    }

    /// <summary>The visit after the last of the same row.</summary>
    private int RowEnd(ReadOnlySpan<Visit> visits, int first)
    {
        var end = first + 1;
        while (end < visits.Length && visits[end].Target / _slots == visits[first].Target / _slots)
        {
            end++;
        }

        return end;
    }

    private bool Fits(int rows, int assignments) =>
        _layout.RequestBytes(rows, assignments) <= _frameBytes && _layout.ReplyBytes(assignments) <= _frameBytes;

    /// <param name="Target">Row of the layer's output: row * slots + slot.</param>
    private readonly record struct Visit(int Target, int Expert, float Score);
}
