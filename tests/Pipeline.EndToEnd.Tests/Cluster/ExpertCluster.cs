using System.Text.Json;

namespace Pipeline.EndToEnd.Tests.Cluster;

/// <summary>Expert nodes as processes, that may be killed, stopped, and joined by others.</summary>
internal sealed class ExpertCluster : IDisposable
{
    private readonly string[] _arguments;
    private readonly List<NodeProcess> _nodes = [];

    private ExpertCluster(string[] arguments) => _arguments = arguments;

    public IReadOnlyList<NodeProcess> Nodes => _nodes;

    /// <summary>Any member's address.</summary>
    public string Name => string.Join(',', _nodes.Select(node => node.Name));

    /// <summary>Starts nodes and waits until every shard has all its copies.</summary>
    public static async Task<ExpertCluster> StartAsync(int nodes, int shards, int replicas, params string[] arguments)
    {
        var cluster = new ExpertCluster(
            ["--role", "expert", "--shards", $"{shards}", "--replicas", $"{replicas}", "--http", "", "--set", $"pipeline.cluster.minimum-experts={nodes}", .. arguments]);
        try
        {
            cluster._nodes.Add(await NodeProcess.StartAsync(cluster._arguments));
            while (cluster._nodes.Count < nodes)
            {
                await cluster.JoinAsync();
            }

            await cluster.IsWholeAsync(shards, replicas);
            return cluster;
        }
        catch
        {
            cluster.Dispose();
            throw;
        }
    }

    /// <param name="listen">Its address; where it is another's that is gone, it comes back in its place.</param>
    public async Task<NodeProcess> JoinAsync(string listen = "127.0.0.1:0")
    {
        var node = await NodeProcess.StartOnAsync([], ["--listen", listen, .. _arguments, "--join", Name]);
        _nodes.Add(node);
        return node;
    }

    public void Remove(NodeProcess node)
    {
        _nodes.Remove(node);
        node.Dispose();
    }

    /// <summary>Waits until the members that are here hold all shards, each so many times.</summary>
    public Task IsWholeAsync(int shards, int replicas = 1) => Eventually.IsTrue(
        async () => (await ExpertsAsync()).SelectMany(node => node.Shards).Order().SequenceEqual(Enumerable.Range(0, shards).SelectMany(shard => Enumerable.Repeat(shard, replicas))),
        $"{replicas} copies of {shards} shards are held");

    /// <summary>Waits until another node says so of a node.</summary>
    public Task IsSeenAsync(NodeProcess node, Func<ExpertNode, bool> condition, string what)
    {
        var witness = _nodes.First(other => other != node);
        return Eventually.IsTrue(() => ExpertsAsync(witness.Name).Result.Any(seen => seen.Node == node.Name && condition(seen)), $"{node.Name} {what}");
    }

    /// <summary>The expert nodes, as <c>nodes</c> tells.</summary>
    /// <param name="join">Whom it asks; any member where it is null.</param>
    public async Task<IReadOnlyList<ExpertNode>> ExpertsAsync(string? join = null) =>
    [
        .. (await MembersAsync(join))
            .Where(node => node.GetProperty("roles").EnumerateArray().Any(role => role.GetString() == "expert"))
            .Select(node => new ExpertNode(
                node.GetProperty("node").GetString()!,
                node.GetProperty("state").GetString()!,
                [.. node.GetProperty("shards").EnumerateArray().Select(shard => shard.GetInt32())],
                node.GetProperty("rows_per_second").GetDouble())),
    ];

    /// <summary>All members, as <c>nodes</c> tells; none where nobody answers it.</summary>
    /// <param name="join">Whom it asks; any member where it is null.</param>
    public async Task<IReadOnlyList<JsonElement>> MembersAsync(string? join = null)
    {
        var listed = await Cli.RunAsync("nodes", "--join", join ?? Name, "--json");
        return listed.ExitCode == 0 ? [.. JsonElement.Parse(listed.Output).GetProperty("nodes").EnumerateArray()] : [];
    }

    public void Dispose()
    {
        foreach (var node in _nodes)
        {
            node.Dispose();
        }
    }
}

/// <summary>A line of <c>nodes</c>.</summary>
internal sealed record ExpertNode(string Node, string State, int[] Shards, double RowsPerSecond);
