namespace Pipeline.Cluster.Shards;

/// <summary>A part of a request that goes into one batch.</summary>
/// <param name="First">Its first assignment.</param>
/// <param name="Count">Its assignments.</param>
internal readonly record struct ExpertSlice(ExpertRequest Request, int First, int Count)
{
    /// <summary>Whether the request is done with it.</summary>
    public bool IsLast => First + Count == Request.Assignments.Length;
}

/// <summary>
/// What waits for experts, by layer and shard. A batch is made of one such group: urgent requests first, then the others that fit;
/// groups take turns, those with urgent requests before all others. Plain data of whoever locks it.
/// </summary>
internal sealed class ExpertQueue
{
    private readonly Dictionary<(int Layer, int Shard), Group> _groups = [];
    private readonly Queue<Group>[] _turns = [new(), new()];

    public void Add(ExpertRequest request, ShardWeights weights)
    {
        var key = (request.Layer, request.Shard);
        if (!_groups.TryGetValue(key, out var group))
        {
            _groups.Add(key, group = new Group(request.Layer));
        }

        group.Weights = weights;
        var line = request.Urgent ? 0 : 1;
        group.Lines[line].Enqueue(request);
        Queue(group, line);
    }

    /// <summary>Fills a batch of at most so many assignments with the group whose turn it is.</summary>
    /// <param name="unwanted">Gets those that are left out, as nobody waits for them any more.</param>
    /// <returns>The shard's weights and the layer; null where nothing waits.</returns>
    public (ShardWeights Weights, int Layer)? Take(int assignments, List<ExpertSlice> batch, List<ExpertRequest> unwanted)
    {
        for (var line = 0; line < _turns.Length; line++)
        {
            while (_turns[line].TryDequeue(out var group))
            {
                group.HasTurn[line] = false;
                if (group.Lines[line].Count == 0)
                {
                    continue; // taken along with the more urgent ones
                }

                Fill(group, assignments, batch, unwanted);
                for (var rest = 0; rest < group.Lines.Length; rest++)
                {
                    Queue(group, rest);
                }

                if (batch.Count > 0)
                {
                    return (group.Weights!, group.Layer);
                }
            }
        }

        return null;
    }

    /// <summary>Takes out all requests for a shard.</summary>
    public List<ExpertRequest> Remove(int shard)
    {
        var removed = new List<ExpertRequest>();
        foreach (var (key, group) in _groups)
        {
            if (key.Shard == shard)
            {
                removed.AddRange(group.Lines.SelectMany(line => line));
                group.Clear();
            }
        }

        return removed;
    }

    private static void Fill(Group group, int room, List<ExpertSlice> batch, List<ExpertRequest> unwanted)
    {
        for (var line = 0; line < group.Lines.Length; line++)
        {
            while (room > 0 && group.Lines[line].TryPeek(out var request))
            {
                var first = group.Taken[line];
                if (first == 0 && !request.IsWanted)
                {
                    unwanted.Add(group.Lines[line].Dequeue());
                    continue;
                }

                var slice = new ExpertSlice(request, first, Math.Min(room, request.Assignments.Length - first));
                batch.Add(slice);
                room -= slice.Count;
                group.Taken[line] = slice.IsLast ? 0 : first + slice.Count;
                if (slice.IsLast)
                {
                    group.Lines[line].Dequeue();
                }
            }
        }
    }

    private void Queue(Group group, int line)
    {
        if (!group.HasTurn[line] && group.Lines[line].Count > 0)
        {
            group.HasTurn[line] = true;
            _turns[line].Enqueue(group);
        }
    }

    /// <summary>Requests of one layer and shard: line 0 the urgent ones, line 1 the others.</summary>
    private sealed class Group(int layer)
    {
        public int Layer => layer;

        public ShardWeights? Weights { get; set; }

        public Queue<ExpertRequest>[] Lines { get; } = [new(), new()];

        /// <summary>Assignments of the first request that earlier batches took.</summary>
        public int[] Taken { get; } = new int[2];

        public bool[] HasTurn { get; } = new bool[2];

        public void Clear()
        {
            foreach (var line in Lines)
            {
                line.Clear();
            }

            Taken.AsSpan().Clear();
            Weights = null;
        }
    }
}
