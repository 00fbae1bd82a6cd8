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
            for (var i = 1; i < nodes; i++)
            {
                await cluster.JoinAsync();
            }

            await cluster.IsWholeAsync(shards * replicas);
            return cluster;
        }
        catch
        {
            cluster.Dispose();
            throw;
        }
    }

    public async Task<NodeProcess> JoinAsync()
    {
        var node = await NodeProcess.StartAsync([.. _arguments, "--join", Name]);
        _nodes.Add(node);
        return node;
    }

    public void Remove(NodeProcess node)
    {
        _nodes.Remove(node);
        node.Dispose();
    }

    /// <summary>Waits until the members that are here hold so many shard copies.</summary>
    public Task IsWholeAsync(int copies) => Eventually.IsTrue(() => ShardsAsync().Result.Sum(node => node.Shards.Length) == copies, $"{copies} shard copies are held");

    /// <summary>What each expert node holds, as <c>nodes</c> tells it.</summary>
    public async Task<IReadOnlyList<(string Node, int[] Shards)>> ShardsAsync()
    {
        var listed = await Cli.RunAsync("nodes", "--join", Name, "--json");
        return listed.ExitCode != 0 ? [] :
        [
            .. JsonElement.Parse(listed.Output).GetProperty("nodes").EnumerateArray()
                .Where(node => node.GetProperty("roles").EnumerateArray().Any(role => role.GetString() == "expert"))
                .Select(node => (node.GetProperty("node").GetString()!, node.GetProperty("shards").EnumerateArray().Select(shard => shard.GetInt32()).ToArray())),
        ];
    }

    public void Dispose()
    {
        foreach (var node in _nodes)
        {
            node.Dispose();
        }
    }
}
