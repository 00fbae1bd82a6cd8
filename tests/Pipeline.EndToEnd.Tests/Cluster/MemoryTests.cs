using System.Globalization;
using System.Text.Json;
using Pipeline.Checkpoints;
using Pipeline.EndToEnd.Tests.Processes;
using Xunit.Abstractions;

namespace Pipeline.EndToEnd.Tests.Cluster;

/// <summary>A model that is bigger than any of its nodes may be: what their processes take, beside what the plan said.</summary>
[Collection(TimedCollection.Name)]
public sealed class MemoryTests(ITestOutputHelper output) : IDisposable
{
    /// <summary>What an expert node may take: less than the model, and room for a third of its experts.</summary>
    private const long NodeBytes = 300_000_000;

    private const double Tolerance = 0.1;

    private static readonly string[] s_clips = ["samples/rabbit.mp4", "samples/fish-and-robot.mp4", "samples/moon-and-guitar.png"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Each_process_takes_what_the_plan_said_and_less_than_the_model()
    {
        var model = MakeModel();
        var modelBytes = new FileInfo(Path.Join(model, "model.safetensors")).Length;
        Assert.InRange(modelBytes, NodeBytes + (NodeBytes / 4), 2 * NodeBytes);
        string[] settings = ["--set", "pipeline.decoder.kv-bytes=64MB", "--shards", "12"];
        var plan = await PlanAsync(model, settings);

        using var cluster = await ExpertCluster.StartAsync(
            nodes: 3, shards: 12, replicas: 1, "--model", model, "--memory", NodeBytes.ToString(CultureInfo.InvariantCulture));
        using var engine = await NodeProcess.StartAsync(["--role", "engine", "--model", model, "--join", cluster.Name, .. settings]);
        using var http = new HttpClient { BaseAddress = new Uri(engine.Ready.GetProperty("http").GetString()!), Timeout = TimeSpan.FromMinutes(2) };
        foreach (var clip in s_clips)
        {
            using var film = new ByteArrayContent(await File.ReadAllBytesAsync(Path.Join(SharedData.Root, clip)));
            using var answer = await http.PostAsync("/v1/captions", film);
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        }

        Assert.All(cluster.Nodes, node => AssertAsPlanned(node, plan.Single(planned => planned.Name == "expert 1"), model, modelBytes));
        Assert.All(cluster.Nodes, node => Assert.InRange(ProcessMemory.Share(node.Id), 0, NodeBytes));
        AssertAsPlanned(engine, plan.Single(planned => planned.Name == "engine 1"), model, modelBytes);
    }

    private void AssertAsPlanned(NodeProcess node, Planned planned, string model, long modelBytes)
    {
        var (share, peak, mapped) = (ProcessMemory.Share(node.Id), ProcessMemory.Peak(node.Id), MemoryMap.Of(model, node.Id));
        output.WriteLine(FormattableString.Invariant(
            $"{planned.Name}: planned {planned.UsedBytes / 1e6:0.0} MB, takes {share / 1e6:0.0}, at most {peak / 1e6:0.0} were resident; of the model mapped {mapped.Size / 1e6:0.0}, resident {mapped.Resident / 1e6:0.0}"));
        Assert.InRange(share, planned.UsedBytes * (1 - Tolerance), planned.UsedBytes * (1 + Tolerance));
        Assert.InRange(mapped.Size, planned.ModelBytes * (1 - Tolerance), planned.ModelBytes * (1 + Tolerance));
        Assert.True(mapped.Size < modelBytes && peak < modelBytes);
    }

    private static async Task<Planned[]> PlanAsync(string model, string[] settings)
    {
        var result = await Cli.RunAsync(["plan", model, "--node", $"expert:{NodeBytes / 1000}kB", "x3", "--node", "engine:1GB", .. settings, "--json"]);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        return
        [
            .. JsonElement.Parse(result.Output).GetProperty("nodes").EnumerateArray().Select(node => new Planned(
                node.GetProperty("name").GetString()!,
                node.GetProperty("used_bytes").GetInt64(),
                node.GetProperty("weight_bytes").GetInt64() + node.GetProperty("shard_bytes").GetInt64())),
        ];
    }

    /// <summary>Random weights that speak tiny-scout's tokens.</summary>
    private string MakeModel()
    {
        var folder = _folder.File("model");
        RandomCheckpoint.Write(folder, new RandomCheckpointOptions
        {
            Type = StoredType.BF16,
            HiddenSize = 512,
            Layers = 8,
            Experts = 16,
            Heads = 8,
            HeadSize = 64,
            KvHeads = 2,
            IntermediateSize = 1024,
            IntermediateSizeMlp = 2048,
            Vocabulary = 1459,
            ChunkSize = 8192,
            MaxPositions = 131_072,
            VisionHiddenSize = 256,
            VisionLayers = 4,
            VisionHeads = 4,
            ImageSize = 112,
            MaxPatches = 1,
        });
        foreach (var name in new[] { "tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "processor_config.json" })
        {
            File.Copy(Path.Join(SharedData.Root, "models", "tiny-scout", name), Path.Join(folder, name));
        }

        return folder;
    }

    private sealed record Planned(string Name, long UsedBytes, long ModelBytes);
}
