using System.Globalization;
using System.Text.RegularExpressions;
using Pipeline.Cluster.Membership;
using Pipeline.Cluster.Planning;
using Pipeline.Engine.Configuration;

namespace Pipeline.Commands;

/// <summary>Machines as a command line names them: <c>expert:32GB x5</c> are five, <c>engine,expert:64GB</c> is one with both roles.</summary>
internal static partial class NodeList
{
    private const string Example = "for example: --node engine:24GB --node expert:32GB x5";
    private const int MostNodes = 1000;

    /// <param name="words">All values of <c>--node</c>, in order.</param>
    /// <param name="others">Words that name no node.</param>
    /// <exception cref="UsageException">A word that means a node cannot be read.</exception>
    public static IReadOnlyList<PlannedNode> Parse(IEnumerable<string> words, out IReadOnlyList<string> others)
    {
        var groups = new List<(NodeRoles Roles, long Memory, int Count)>();
        var left = new List<string>();
        foreach (var word in words.SelectMany(word => word.Split(' ', StringSplitOptions.RemoveEmptyEntries)))
        {
            if (Times().Match(word) is { Success: true } times)
            {
                if (groups.Count == 0 || left.Count > 0 || groups[^1].Count > 0)
                {
                    throw new UsageException($"--node {word}: follows no node", Example);
                }

                groups[^1] = groups[^1] with { Count = CountOf(word, times.Groups["count"].Value) };
            }
            else if (Node().Match(word) is { Success: true } node)
            {
                var count = node.Groups["count"] is { Success: true, Value: var value } ? CountOf(word, value) : 0;
                groups.Add((RolesOf(word, node.Groups["roles"].Value), MemoryOf(word, node.Groups["memory"].Value), count));
            }
            else
            {
                left.Add(word);
            }
        }

        others = left;
        return Named(groups);
    }

    private static List<PlannedNode> Named(IReadOnlyList<(NodeRoles Roles, long Memory, int Count)> groups)
    {
        var nodes = new List<PlannedNode>();
        foreach (var (roles, memory, count) in groups)
        {
            for (var i = 0; i < Math.Max(count, 1); i++)
            {
                var kind = roles.Describe();
                nodes.Add(new PlannedNode($"{kind} {nodes.Count(node => node.Roles == roles) + 1}", roles, memory));
            }
        }

        return nodes.Count <= MostNodes ? nodes : throw new UsageException($"--node: {nodes.Count} nodes, at most {MostNodes}", null);
    }

    private static NodeRoles RolesOf(string word, string text) => NodeRoleNames.Parse(text)
        ?? throw new UsageException($"--node {word}: {text} is no role", $"roles: {NodeRoleNames.All}, or both with a comma between");

    private static long MemoryOf(string word, string text) => ByteSize.TryParse(text, out var bytes) && bytes > 0
        ? bytes
        : throw new UsageException($"--node {word}: \"{text}\" is no memory size", "a size such as 32GB or 512MiB");

    private static int CountOf(string word, string text) => int.TryParse(text, NumberStyles.None, null, out var count) && count is > 0 and <= MostNodes
        ? count
        : throw new UsageException($"--node {word}: how many times must be from 1 to {MostNodes}", Example);

    [GeneratedRegex("^[x*](?<count>[0-9]+)$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Times();

    [GeneratedRegex("^(?<roles>[a-z,]+):(?<memory>[^x*]*)([x*](?<count>[0-9]+))?$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Node();
}
