namespace Pipeline.Text;

/// <summary>Which two neighbouring tokens become one, and which pair goes first: the lowest rank.</summary>
internal sealed class MergeTable(int capacity)
{
    private readonly Dictionary<ulong, int> _ranks = new(capacity);
    private readonly Dictionary<int, int> _results = new(capacity);

    /// <summary>False when the pair has a rank already. Pairs of one rank have the same result.</summary>
    public bool TryAdd(int left, int right, int rank, int result)
    {
        _results[rank] = result;
        return _ranks.TryAdd(Key(left, right), rank);
    }

    /// <summary>The ids that merging can make.</summary>
    public IEnumerable<int> Results => _results.Values;

    public bool TryGetRank(int left, int right, out int rank) => _ranks.TryGetValue(Key(left, right), out rank);

    public int ResultOf(int rank) => _results[rank];

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;
}
