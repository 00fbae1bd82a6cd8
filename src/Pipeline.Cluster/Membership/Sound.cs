namespace Pipeline.Cluster.Membership;

/// <summary>What values of messages may be, whoever sent them.</summary>
internal static class Sound
{
    public static bool Shard(int shard) => shard is >= 0 and < ExpertsOptions.MostShards;

    public static bool Replicas(int replicas) => replicas is >= 1 and <= ExpertsOptions.MostReplicas;

    /// <summary>Shards, ascending.</summary>
    public static bool Shards(int[]? shards) =>
        shards is not null && Array.TrueForAll(shards, Shard) && shards.Zip(shards.Skip(1)).All(pair => pair.First < pair.Second);

    public static bool All<T>(T?[]? items, Predicate<T> isSound)
        where T : class =>
        items is not null && Array.TrueForAll(items, item => item is not null && isSound(item));
}
