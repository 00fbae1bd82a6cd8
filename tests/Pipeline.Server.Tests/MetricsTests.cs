using System.Text.RegularExpressions;

namespace Pipeline.Server.Tests;

public sealed class MetricsTests
{
    [Fact]
    public async Task Every_count_is_a_line_of_Prometheus_text()
    {
        var health = new FakeHealth
        {
            Engine = new EngineCounts(Steps: 11, Tokens: 12, Sessions: 13, SessionsWaiting: 14, KvPages: 15, TokensWaiting: 16, Resends: 17),
            Experts = new ExpertCounts(Rows: 21, Batches: 22, ShardsHeld: 23, HeldBytes: 24, ConnectionsClosed: 25),
            Cluster = new ClusterCounts(Nodes: 31, ShardsUnplaced: 32),
        };
        await using var server = await TestServer.StartAsync(health);

        var values = Values(await server.Client.GetStringAsync("/metrics"));

        var expected = new Dictionary<string, string>
        {
            ["pipeline_decoder_steps_total"] = "11",
            ["pipeline_decoder_tokens_total"] = "12",
            ["pipeline_decoder_sessions"] = "13",
            ["pipeline_decoder_sessions_waiting"] = "14",
            ["pipeline_decoder_kv_pages"] = "15",
            ["pipeline_vision_tokens_waiting"] = "16",
            ["pipeline_experts_resends_total"] = "17",
            ["pipeline_experts_rows_total"] = "21",
            ["pipeline_experts_batches_total"] = "22",
            ["pipeline_experts_shards_held"] = "23",
            ["pipeline_experts_held_bytes"] = "24",
            ["pipeline_experts_connections_closed_total"] = "25",
            ["pipeline_cluster_nodes"] = "31",
            ["pipeline_cluster_shards_unplaced"] = "32",
        };
        Assert.Equal(expected, values.Where(value => value.Key.StartsWith("pipeline_", StringComparison.Ordinal)).ToDictionary());
        Assert.Contains("dotnet_gc_collections_total", values.Keys);
    }

    [Fact]
    public async Task Requests_are_counted_by_route_and_status()
    {
        await using var server = await TestServer.StartAsync(new FakeHealth());
        await server.Client.GetStringAsync("/health/live");

        var text = await server.Client.GetStringAsync("/metrics");

        Assert.Matches("""http_server_request_duration_seconds_count\{[^}]*http_response_status_code="200",http_route="/health/live"[^}]*\} 1\n""", text);
    }

    [Fact]
    public async Task What_a_node_does_not_do_is_not_measured()
    {
        await using var server = await TestServer.StartAsync(new FakeHealth { Experts = new ExpertCounts(1, 2, 3, 4, 5) });

        var values = Values(await server.Client.GetStringAsync("/metrics"));

        Assert.All(
            values.Keys.Where(name => name.StartsWith("pipeline_", StringComparison.Ordinal)),
            name => Assert.StartsWith("pipeline_experts_", name, StringComparison.Ordinal));
        Assert.Contains("pipeline_experts_rows_total", values.Keys);
    }

    /// <summary>The values of the text by name; where a name has several, by its labels, the last of them.</summary>
    private static Dictionary<string, string> Values(string text) => text
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Where(line => line[0] != '#')
        .Select(line => Regex.Match(line, @"^(?<name>\w+)(\{.*\})? (?<value>\S+)", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)))
        .GroupBy(match => match.Groups["name"].Value, StringComparer.Ordinal)
        .ToDictionary(group => group.Key, group => group.Last().Groups["value"].Value, StringComparer.Ordinal);
}
