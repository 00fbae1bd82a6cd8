using System.Text.Json.Nodes;

namespace Pipeline.Deploy.Tests;

/// <summary>
/// The services of the Compose file as processes, with their own commands and environments: only their names are replaced by loopback
/// addresses, and what the image listens on everywhere by these.
/// </summary>
public sealed class ComposeRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task One_engine_and_three_experts_find_each_other_and_caption()
    {
        // A network of loopback addresses that no other test has: every service has the same ports, as in Compose.
        var network = $"127.{Random.Shared.Next(1, 255)}.{Random.Shared.Next(0, 255)}";
        var addresses = Compose.File.Services.Keys.Order(StringComparer.Ordinal).Select((name, i) => (name, Address: $"{network}.{i + 1}"))
            .ToDictionary(entry => entry.name, entry => entry.Address, StringComparer.Ordinal);
        var nodes = addresses.ToDictionary(entry => entry.Key, entry => Start(Compose.File.Services[entry.Key], entry.Value, addresses), StringComparer.Ordinal);
        try
        {
            await Task.WhenAll(nodes.Values.Select(node => node.WaitUntilReadyAsync()));
            var answer = JsonNode.Parse(await nodes["engine"].CaptionAsync(Path.Join(SharedData.Root, "samples", "rabbit.mp4")))!;
            Assert.NotEmpty((string)answer["caption"]!);

            // A node that came late gets its share later, and what moved is kept for a moment where it was.
            var shards = int.Parse(Compose.File.Services["engine"].Environment["PIPELINE__EXPERTS__SHARDS"], null);
            await Eventually.IsTrue(
                async () =>
                {
                    var held = await Task.WhenAll(nodes.Where(node => node.Key != "engine").Select(async node => ShardsHeld(await node.Value.GetAsync("/metrics"))));
                    return held.Sum() == shards && !held.Contains(0);
                },
                $"every expert node has shards, {shards} in all");
            await nodes["engine"].EndAsync();
        }
        finally
        {
            foreach (var node in nodes.Values)
            {
                node.Dispose();
            }
        }
    }

    private NodeProcess Start(ComposeService service, string address, Dictionary<string, string> addresses)
    {
        var environment = Dockerfile.Image.Environment.Concat(service.Environment).ToDictionary(
            variable => variable.Key,
            variable => addresses.Aggregate(variable.Value, (value, entry) => value.Replace(entry.Key, entry.Value, StringComparison.Ordinal))
                .Replace("0.0.0.0", address, StringComparison.Ordinal),
            StringComparer.Ordinal);
        environment["PIPELINE_MODEL"] = DeployFiles.PathOf(service.Volumes.Single().Split(':')[0]);
        environment["TMPDIR"] = _folder.Path;
        return new NodeProcess(
            ["dotnet", Path.Join(AppContext.BaseDirectory, "Pipeline.dll"), .. service.Command], environment, _folder.Path, new Uri($"http://{address}:8080"));
    }

    private static int ShardsHeld(string metrics) => int.Parse(
        metrics.Split('\n').Single(line => line.StartsWith("pipeline_experts_shards_held{", StringComparison.Ordinal)).Split(' ')[^1], null);
}
