namespace Pipeline.Cluster.Placement;

/// <summary>
/// Which shards this node has in memory, and why: because a copy's entity is here, because the coordinator says that its home is or will be
/// here, because its home cannot be reached, or because it was here a moment ago and requests may still be on their way. Plain data; memory is never exceeded.
/// </summary>
/// <param name="shardBytes">Weights of each shard.</param>
/// <param name="memoryBytes">What this node offers.</param>
/// <param name="linger">How long a shard that is no longer wanted is kept.</param>
internal sealed class HeldShards(IReadOnlyList<long> shardBytes, long memoryBytes, TimeSpan linger)
{
    /// <summary>A disk that fails so often in a row will fail again: the shard goes elsewhere.</summary>
    private const int Attempts = 3;

    /// <summary>After that it may be tried again, should nobody else have it: disks are repaired.</summary>
    private static readonly TimeSpan s_memory = TimeSpan.FromMinutes(1);

    private readonly SortedDictionary<int, Holding> _holdings = [];
    private readonly SortedDictionary<int, (int Count, TimeSpan Last)> _failures = [];
    private IReadOnlySet<int> _orders = new HashSet<int>();
    private IReadOnlySet<int> _standIns = new HashSet<int>();

    /// <summary>When shards that failed may be tried again: a disk that fails is not asked in a loop.</summary>
    private TimeSpan _retryAt;

    /// <summary>Copies whose entity is here.</summary>
    public HashSet<ShardCopy> Copies { get; } = [];

    /// <summary>
    /// Warm, and wanted or not long unwanted, ascending: what other nodes are told. An engine may hear from the new home later than from this one, and
    /// would know of none in between; so this one goes on for the first half of the time that it keeps the shard.
    /// </summary>
    public int[] Announced(TimeSpan now) =>
        [.. _holdings.Where(entry => entry.Value.Warm && (entry.Value.UnwantedSince is not { } since || now - since < linger / 2)).Select(entry => entry.Key)];

    /// <summary>Wanted and not warm, ascending.</summary>
    public int[] Awaited => [.. _holdings.Where(entry => !entry.Value.Warm && IsWanted(entry.Key)).Select(entry => entry.Key)];

    /// <summary>Why a shard that is wanted could not be loaded; null where none failed.</summary>
    public string? Problem => _holdings.Where(entry => IsWanted(entry.Key)).Select(entry => entry.Value.Problem).FirstOrDefault(problem => problem is not null);

    /// <summary>Shards that could not be loaded several times, the last time not long ago, ascending.</summary>
    public int[] Refused(TimeSpan now) => [.. _failures.Where(entry => entry.Value.Count >= Attempts && now - entry.Value.Last < s_memory).Select(entry => entry.Key)];

    public void Arrived(ShardCopy copy)
    {
        Copies.Add(copy);
        Want(copy.Shard);
    }

    public void Left(ShardCopy copy, TimeSpan now)
    {
        Copies.Remove(copy);
        Unwant(now);
    }

    /// <param name="shards">What the coordinator wants warm here now.</param>
    public void Order(IReadOnlySet<int> shards, TimeSpan now) => Want(_orders = shards, now);

    /// <param name="shards">What is to be warm here as its home cannot be reached.</param>
    public void StandIn(IReadOnlySet<int> shards, TimeSpan now) => Want(_standIns = shards, now);

    /// <summary>
    /// The shard to load next, where memory has room; null where there is none. Those that failed come last, the one whose failure is oldest first:
    /// they keep no other from being loaded. Entities come before orders, these before what this node stands in for. It counts as taken.
    /// </summary>
    public int? TakeNextToWarm(TimeSpan now)
    {
        var free = memoryBytes - _holdings.Where(entry => entry.Value.InMemory).Sum(entry => shardBytes[entry.Key]);
        var next = _holdings
            .Where(entry => !entry.Value.InMemory && IsWanted(entry.Key) && shardBytes[entry.Key] <= free
                && (entry.Value.FailedAt is null || now >= _retryAt))
            .OrderBy(entry => entry.Value.FailedAt)
            .ThenByDescending(entry => HasEntity(entry.Key))
            .ThenByDescending(entry => _orders.Contains(entry.Key))
            .Select(entry => (int?)entry.Key)
            .FirstOrDefault();
        if (next is { } shard)
        {
            _holdings[shard].InMemory = true;
        }

        return next;
    }

    public void Warmed(int shard)
    {
        var holding = _holdings[shard];
        _failures.Remove(shard);
        holding.Warm = true;
        holding.FailedAt = null;
        holding.Problem = null;
    }

    /// <summary>It could not be loaded: it, and what else has failed, waits for the pause.</summary>
    public void Failed(int shard, string problem, TimeSpan now, TimeSpan pause)
    {
        var holding = _holdings[shard];
        _failures[shard] = (_failures.GetValueOrDefault(shard).Count + 1, now);
        holding.InMemory = false;
        holding.FailedAt = now;
        holding.Problem = problem;
        _retryAt = now + pause;
    }

    /// <summary>Shards whose time is over: they are no longer warm; their memory is free when <see cref="Released"/> says so.</summary>
    public IReadOnlyList<int> TakeExpired(TimeSpan now)
    {
        var expired = _holdings.Where(entry => entry.Value.Warm && entry.Value.UnwantedSince is { } since && now - since >= linger).Select(entry => entry.Key).ToList();
        foreach (var shard in expired)
        {
            _holdings[shard].Warm = false;
        }

        foreach (var shard in _holdings.Where(entry => !entry.Value.InMemory && entry.Value.UnwantedSince is not null).Select(entry => entry.Key).ToList())
        {
            _holdings.Remove(shard);
        }

        return expired;
    }

    public void Released(int shard) => _holdings[shard].InMemory = false;

    private bool HasEntity(int shard) => Copies.Any(copy => copy.Shard == shard);

    private bool IsWanted(int shard) => _holdings[shard].UnwantedSince is null;

    private void Want(int shard)
    {
        if (!_holdings.TryGetValue(shard, out var holding))
        {
            _holdings[shard] = holding = new Holding();
        }

        holding.UnwantedSince = null;
    }

    private void Want(IReadOnlySet<int> shards, TimeSpan now)
    {
        foreach (var shard in shards)
        {
            Want(shard);
        }

        Unwant(now);
    }

    private void Unwant(TimeSpan now)
    {
        foreach (var (shard, holding) in _holdings)
        {
            if (holding.UnwantedSince is null && !HasEntity(shard) && !_orders.Contains(shard) && !_standIns.Contains(shard))
            {
                holding.UnwantedSince = now;
            }
        }
    }

    private sealed class Holding
    {
        /// <summary>Loaded, being loaded or being released.</summary>
        public bool InMemory { get; set; }

        public bool Warm { get; set; }

        public TimeSpan? UnwantedSince { get; set; }

        /// <summary>Null where it was not tried or is warm.</summary>
        public TimeSpan? FailedAt { get; set; }

        public string? Problem { get; set; }
    }
}
