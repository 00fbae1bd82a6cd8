namespace Pipeline.Cluster.Placement;

/// <summary>The working state of one placement: who sits where, and how full each node is.</summary>
internal sealed class Seating
{
    /// <summary>Shares closer than this are equal: sums of bytes divided by memory are not exact.</summary>
    private const double ShareTolerance = 1e-9;

    private readonly IReadOnlyList<long> _shardBytes;
    private readonly IReadOnlyDictionary<ShardCopy, string>? _decided;
    private readonly Seat[] _staying;
    private readonly Seat[] _leaving;

    public Seating(IReadOnlyList<long> shardBytes, IReadOnlyList<PlacementNode> nodes, IReadOnlyDictionary<ShardCopy, string>? decided)
    {
        (_shardBytes, _decided) = (shardBytes, decided);
        var seats = nodes.OrderBy(node => node.Name, StringComparer.Ordinal).Select(node => new Seat(node)).ToList();
        _staying = [.. seats.Where(seat => !seat.Node.Leaving && seat.Node.MemoryBytes > 0)];
        _leaving = [.. seats.Where(seat => seat.Node.Leaving)];
    }

    /// <summary>Seats the copies that stay where they are.</summary>
    /// <returns>The others, in the order in which they are to be seated.</returns>
    public IReadOnlyList<ShardCopy> Keep(IEnumerable<ShardCopy> copies, IReadOnlyDictionary<ShardCopy, string> current)
    {
        var waiting = new List<ShardCopy>();
        foreach (var copy in copies)
        {
            var seat = current.TryGetValue(copy, out var home) ? Array.Find(_staying, seat => seat.Node.Name == home) : null;
            if (seat is not null && Fits(seat, copy))
            {
                Add(seat, copy);
            }
            else
            {
                waiting.Add(copy);
            }
        }

        // A copy on a node that leaves still serves: shards without any copy come before it, second copies after it.
        return [.. waiting
            .GroupBy(copy => copy.Shard)
            .SelectMany(group => group.OrderByDescending(copy => IsLeaving(copy, current)).ThenBy(copy => copy, ShardCopy.Order)
                .Select((copy, index) => (Copy: copy, Level: CopiesOf(copy.Shard) + index)))
            .OrderBy(entry => entry.Level)
            .ThenBy(entry => IsLeaving(entry.Copy, current))
            .ThenByDescending(entry => _shardBytes[entry.Copy.Shard])
            .ThenBy(entry => entry.Copy, ShardCopy.Order)
            .Select(entry => entry.Copy)];
    }

    /// <summary>Seats a copy where it was decided to be, else where it is warm already, else where the share is least afterwards.</summary>
    public bool TrySeat(ShardCopy copy)
    {
        var decided = _decided?.GetValueOrDefault(copy);
        var seat = _staying
            .Where(seat => Takes(seat, copy))
            .OrderByDescending(seat => seat.Node.Name == decided)
            .ThenByDescending(seat => seat.Node.Warm.Contains(copy.Shard))
            .ThenBy(seat => ShareWith(seat, copy))
            .FirstOrDefault();
        if (seat is not null)
        {
            Add(seat, copy);
        }

        return seat is not null;
    }

    /// <summary>Makes room for a shard that has no copy by taking away second copies of others, as few as possible.</summary>
    public bool TryEvictFor(ShardCopy copy, List<ShardCopy> evicted)
    {
        if (CopiesOf(copy.Shard) > 0)
        {
            return false;
        }

        var (seat, victims) = _staying
            .Where(seat => seat.Node.Reachable && !seat.Node.Refused.Contains(copy.Shard))
            .Select(seat => (seat, Victims: VictimsFor(seat, copy)))
            .Where(choice => choice.Victims is not null)
            .OrderBy(choice => choice.Victims!.Count)
            .FirstOrDefault();
        if (seat is null)
        {
            return false;
        }

        foreach (var victim in victims!)
        {
            Remove(seat, victim);
            evicted.Add(victim);
        }

        Add(seat, copy);
        return true;
    }

    /// <summary>Leaves a copy on a node that is about to go: it serves until then.</summary>
    public bool TryStay(ShardCopy copy, IReadOnlyDictionary<ShardCopy, string> current)
    {
        var seat = current.TryGetValue(copy, out var home) ? Array.Find(_leaving, seat => seat.Node.Name == home) : null;
        if (seat is not null)
        {
            Add(seat, copy);
        }

        return seat is not null;
    }

    /// <summary>Moves copies from fuller to emptier nodes as long as that makes the fuller of the two less full than it was.</summary>
    public void Balance(IReadOnlyDictionary<ShardCopy, string> current)
    {
        // Every move lowers the larger of two shares and raises none to it, so this ends.
        while (BestMove(current) is var (from, to, copy))
        {
            Remove(from, copy);
            Add(to, copy);
        }
    }

    public SortedDictionary<ShardCopy, string> Homes()
    {
        var homes = new SortedDictionary<ShardCopy, string>(ShardCopy.Order);
        foreach (var seat in _staying.Concat(_leaving))
        {
            foreach (var copy in seat.Copies)
            {
                homes[copy] = seat.Node.Name;
            }
        }

        return homes;
    }

    /// <summary>Bytes of the shards among the unplaced copies that have no copy: room in pieces too small for a whole shard counts for nothing.</summary>
    public long Missing(IEnumerable<ShardCopy> unplaced) =>
        unplaced.Select(copy => copy.Shard).Distinct().Where(shard => CopiesOf(shard) == 0 && !Array.Exists(_leaving, seat => seat.Has(shard))).Sum(shard => _shardBytes[shard]);

    private (Seat From, Seat To, ShardCopy Copy)? BestMove(IReadOnlyDictionary<ShardCopy, string> current)
    {
        foreach (var from in _staying.OrderByDescending(seat => seat.Share))
        {
            // What is not there yet moves at no cost; what the other has warm, at less.
            var best = _staying
                .Where(to => to != from && to.Share < from.Share)
                .SelectMany(to => from.Copies.Where(copy => Takes(to, copy) && ShareWith(to, copy) < from.Share - ShareTolerance).Select(copy => (To: to, Copy: copy)))
                .OrderBy(move => current.TryGetValue(move.Copy, out var home) && home == from.Node.Name)
                .ThenByDescending(move => move.To.Node.Warm.Contains(move.Copy.Shard))
                .ThenBy(move => ShareWith(move.To, move.Copy))
                .ThenBy(move => move.Copy, ShardCopy.Order)
                .FirstOrDefault();
            if (best.To is not null)
            {
                return (from, best.To, best.Copy);
            }
        }

        return null;
    }

    private List<ShardCopy>? VictimsFor(Seat seat, ShardCopy copy)
    {
        var free = seat.Free;
        var victims = new List<ShardCopy>();
        foreach (var victim in seat.Copies.Where(other => CopiesOf(other.Shard) > 1).OrderByDescending(other => _shardBytes[other.Shard]).ThenBy(other => other, ShardCopy.Order))
        {
            if (free >= _shardBytes[copy.Shard])
            {
                break;
            }

            victims.Add(victim);
            free += _shardBytes[victim.Shard];
        }

        return free >= _shardBytes[copy.Shard] ? victims : null;
    }

    private bool IsLeaving(ShardCopy copy, IReadOnlyDictionary<ShardCopy, string> current) =>
        current.TryGetValue(copy, out var home) && Array.Exists(_leaving, seat => seat.Node.Name == home);

    private int CopiesOf(int shard) => _staying.Count(seat => seat.Has(shard));

    private bool Fits(Seat seat, ShardCopy copy) => !seat.Has(copy.Shard) && !seat.Node.Refused.Contains(copy.Shard) && seat.Free >= _shardBytes[copy.Shard];

    private bool Takes(Seat seat, ShardCopy copy) => seat.Node.Reachable && Fits(seat, copy);

    private double ShareWith(Seat seat, ShardCopy copy) => (seat.Used + _shardBytes[copy.Shard]) / (double)seat.Node.MemoryBytes;

    private void Add(Seat seat, ShardCopy copy)
    {
        seat.Copies.Add(copy);
        seat.Used += _shardBytes[copy.Shard];
    }

    private void Remove(Seat seat, ShardCopy copy)
    {
        seat.Copies.Remove(copy);
        seat.Used -= _shardBytes[copy.Shard];
    }

    private sealed class Seat(PlacementNode node)
    {
        public PlacementNode Node { get; } = node;

        public SortedSet<ShardCopy> Copies { get; } = new(ShardCopy.Order);

        public long Used { get; set; }

        public long Free => Node.MemoryBytes - Used;

        public double Share => Used / (double)Node.MemoryBytes;

        public bool Has(int shard) => Copies.Any(copy => copy.Shard == shard);
    }
}
