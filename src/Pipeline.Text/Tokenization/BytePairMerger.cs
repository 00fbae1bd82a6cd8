namespace Pipeline.Text;

/// <summary>
/// Byte pair encoding of one pre-token after another: the pair of lowest rank is merged first, the leftmost of equals.
/// Takes n log n for n bytes: the symbols are a linked list in arrays, the pairs wait in a heap, and a pair that has
/// changed since is recognised when it comes up. One caller at a time.
/// </summary>
internal sealed class BytePairMerger(Vocabulary vocabulary, MergeTable merges, bool takeWholeTokens)
{
    private static readonly Merge NoPair = new(-1, -1);

    private readonly PriorityQueue<int, ulong> _pairs = new();
    private Symbol[] _symbols = new Symbol[64];

    /// <summary>Appends the ids of a pre-token (UTF-8).</summary>
    public void Encode(ReadOnlySpan<byte> piece, List<int> ids)
    {
        if (takeWholeTokens && vocabulary.TryFind(piece, out var whole))
        {
            ids.Add(whole);
            return;
        }

        Start(piece);
        while (_pairs.TryDequeue(out var at, out var priority))
        {
            if (_symbols[at].Pair.Rank == (int)(priority >> 32))
            {
                Merge(at, piece.Length);
            }
        }

        for (var at = 0; at < piece.Length; at = _symbols[at].Next)
        {
            ids.Add(_symbols[at].Id);
        }
    }

    private void Start(ReadOnlySpan<byte> piece)
    {
        if (_symbols.Length < piece.Length)
        {
            _symbols = new Symbol[Math.Max(piece.Length, 2 * _symbols.Length)];
        }

        for (var i = 0; i < piece.Length; i++)
        {
            _symbols[i] = new() { Id = vocabulary.IdOfByte(piece[i]), Previous = i - 1, Next = i + 1, Pair = NoPair };
        }

        for (var i = 0; i < piece.Length; i++)
        {
            RankPair(i, piece.Length);
        }
    }

    private void Merge(int at, int end)
    {
        ref var left = ref _symbols[at];
        ref var right = ref _symbols[left.Next];
        left.Id = left.Pair.Result;
        left.Next = right.Next;
        right.Pair = NoPair;
        if (left.Next < end)
        {
            _symbols[left.Next].Previous = at;
        }

        RankPair(at, end);
        if (left.Previous >= 0)
        {
            RankPair(left.Previous, end);
        }
    }

    /// <summary>Looks up the pair that starts at a symbol, and queues it under (rank, position).</summary>
    private void RankPair(int at, int end)
    {
        ref var left = ref _symbols[at];
        left.Pair = NoPair;
        if (left.Next < end && merges.TryGet(left.Id, _symbols[left.Next].Id, out var merge))
        {
            left.Pair = merge;
            _pairs.Enqueue(at, ((ulong)merge.Rank << 32) | (uint)at);
        }
    }

    private struct Symbol
    {
        public int Id;
        public int Previous;
        public int Next;
        public Merge Pair;
    }
}
