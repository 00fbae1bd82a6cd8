namespace Pipeline.Text;

/// <summary>What a pair of neighbouring tokens becomes, and which pair goes first: that of the lowest rank.</summary>
internal readonly record struct Merge(int Rank, int Result);

/// <summary>The merges by pair. Those of one rank have one result.</summary>
internal sealed class MergeTable(int capacity)
{
    private readonly Dictionary<ulong, Merge> _merges = new(capacity);

    /// <summary>The ids that merging can make.</summary>
    public IEnumerable<int> Results => _merges.Values.Select(merge => merge.Result);

    /// <summary>False when the pair has a merge already.</summary>
    public bool TryAdd(int left, int right, Merge merge) => _merges.TryAdd(Key(left, right), merge);

    public bool TryGet(int left, int right, out Merge merge) => _merges.TryGetValue(Key(left, right), out merge);

    /// <summary>
    /// A number hashes to the XOR of its halves, which is 0 for each pair of equal tokens; an odd factor mixes the halves
    /// and keeps different pairs different.
    /// </summary>
    private static ulong Key(int left, int right) => unchecked((((ulong)(uint)left << 32) | (uint)right) * 0x9E37_79B9_7F4A_7C15);
}
