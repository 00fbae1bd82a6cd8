using System.Globalization;
using Pipeline.Bench;
using Pipeline.Checkpoints;
using Pipeline.Cluster.Wire;
using Pipeline.Composition;
using Pipeline.Configuration;
using Pipeline.Kernels;
using Pipeline.Model;
using Pipeline.Terminal;

namespace Pipeline.Benchmarks.Sharded;

/// <summary>
/// Decoding with the experts in other processes of this machine, as a share of decoding in one process; then with longer round trips, as a
/// share of what waiting alone would allow.
/// </summary>
internal sealed class ShardedBenchmark : IDisposable
{
    /// <summary>Tokens of each sequence where round trips are long, and steps with them.</summary>
    private const int DelayTokens = 24;

    private readonly ShardedPlan _plan;
    private readonly Checkpoint _checkpoint;
    private readonly CpuTeam _team = new(0);

    private ShardedBenchmark(ShardedPlan plan) => (_plan, _checkpoint) = (plan, Checkpoint.Open(plan.Model));

    public static async Task RunAsync(ShardedPlan plan)
    {
        plan.MakeModel(ModelLocator.Find(null, null, ""));
        using var benchmark = new ShardedBenchmark(plan);
        await benchmark.MeasureAsync();
    }

    public void Dispose()
    {
        _team.Dispose();
        _checkpoint.Dispose();
    }

    private async Task MeasureAsync()
    {
        var summary = _checkpoint.Summarize();
        Line($"{HostProcessor.Name}, {Environment.ProcessorCount} cores; {summary.Bytes / 1e9:0.00} GB of weights, {Layers} layers with experts");
        await using var cluster = await ShardedCluster.StartAsync(_plan, _checkpoint, _team, Load);
        Line($"{_plan.Nodes} expert processes, {cluster.Member.Node.ShardMap.Shards} shards");
        if (_plan.Rounds > 0)
        {
            await CompareAsync(cluster);
        }

        foreach (var delay in _plan.Delays)
        {
            await DelayAsync(cluster, TimeSpan.FromMilliseconds(delay));
        }
    }

    private int Layers => _checkpoint.Config.Text.LayerConfigs.Count(layer => layer.MixtureOfExperts);

    /// <summary>One process, several, several with two micro-batches: in turn, so that what slows the machine for a while slows all.</summary>
    private async Task CompareAsync(ShardedCluster cluster)
    {
        var ways = new Way[]
        {
            new("one process", 1, new LocalExpertsFactory(), null),
            new("expert processes", 1, cluster.Member.CreateExperts(), cluster.Member.Client),
            new("the same, 2 micro-batches", 2, cluster.Member.CreateExperts(), cluster.Member.Client),
        };
        var figures = ways.Select(_ => new List<Figure>()).ToArray();
        Line($"\n{_plan.Sequences} sequences, {_plan.Tokens} tokens each");
        Line($"{"",-28}{"round",6}{"tokens/s",10}{"of one",9}");
        for (var round = 0; round <= _plan.Rounds; round++)
        {
            for (var way = 0; way < ways.Length; way++)
            {
                var figure = await MeasureAsync(cluster, ways[way], _plan.Sequences, _plan.Tokens);
                if (round == 0)
                {
                    continue; // makes code and fills the page cache
                }

                figures[way].Add(figure);
                Line($"{ways[way].Name,-28}{round,6}{figure.Decoded.Rate,10:0.0}{figure.Decoded.Rate / figures[0][^1].Decoded.Rate,9:P0}");
            }
        }

        for (var way = 0; way < ways.Length; way++)
        {
            var shares = new Series([.. figures[way].Zip(figures[0], (figure, alone) => figure.Decoded.Rate / alone.Decoded.Rate)]);
            var rates = new Series([.. figures[way].Select(figure => figure.Decoded.Rate)]);
            Line($"{ways[way].Name,-28}median{rates.Median,10:0.0}{shares.Median,9:P0} ({shares.Lowest:P0} to {shares.Highest:P0})");
        }

        if (figures.SelectMany(way => way).Any(figure => !figure.Decoded.Texts.SequenceEqual(figures[0][0].Decoded.Texts, StringComparer.Ordinal)))
        {
            throw new InvalidOperationException("the tokens or their log-probabilities differ");
        }

        for (var way = 0; way < ways.Length; way++)
        {
            Split(ways[way].Name, figures[way]);
        }
    }

    /// <summary>Where a step's time goes, as means over all rounds.</summary>
    private static void Split(string name, List<Figure> figures)
    {
        var steps = figures.Sum(figure => figure.Steps);
        var requests = Math.Max(figures.Sum(figure => figure.Wire.Requests), 1);
        Line($"\n{name}, a step:");
        Row("time", figures.Sum(figure => figure.Decoded.Seconds) / steps * 1e3, "ms");
        Row("processor time of the engine", figures.Sum(figure => figure.Decoded.Busy.TotalMilliseconds) / steps, "ms");
        if (figures[0].Wire.Requests > 0)
        {
            Row("processor time of the expert processes", figures.Sum(figure => figure.NodesBusy.TotalMilliseconds) / steps, "ms");
            Row("waiting for experts, shared expert within", Sum(wire => wire.Waited) / steps * 1e3, "ms");
            Row("requests", Sum(wire => wire.Requests) / steps, "");
            Row("rows", Sum(wire => wire.Rows) / steps, "");
            Row("sent", Sum(wire => wire.BytesSent) / steps / 1e3, "kB");
            Row("received", Sum(wire => wire.BytesReceived) / steps / 1e3, "kB");
            Line($"  a request:");
            Row("waiting to be sent", Sum(wire => wire.Queued) / requests * 1e3, "ms");
            Row("under way, there and back", Sum(wire => wire.Network) / requests * 1e3, "ms");
            Row("waiting at the node", Sum(wire => wire.NodeQueued) / requests * 1e3, "ms");
            Row("computing: weights read", Sum(wire => wire.Computed) / requests * 1e3, "ms");
        }

        Line($"  collections of generations 1 and 2: {figures.Sum(figure => figure.Decoded.Collections)} in the engine, {figures.Sum(figure => figure.NodeCollections)} in the expert processes");

        double Sum(Func<WireSplit, double> part) => figures.Sum(figure => part(figure.Wire));

        static void Row(string what, double value, string unit) => Line($"  {what,-44}{value,10:0.000} {unit}".TrimEnd());
    }

    /// <summary>
    /// Growing numbers of sequences over long round trips. Waiting alone allows sequences / (layers x delay), computing alone what loopback
    /// reaches; a step of one batch takes the sum of both.
    /// </summary>
    private async Task DelayAsync(ShardedCluster cluster, TimeSpan delay)
    {
        var milliseconds = delay.TotalMilliseconds;
        Line($"\nround trips {milliseconds} ms longer, tokens a second: as shares of sequences / (layers x {milliseconds} ms) and of loopback's");
        Line($"{"sequences",9}{"loopback",10}{"1 batch",12}{"waiting",9}{"loopback",10}{"2 batches",12}{"waiting",9}{"loopback",10}");
        var (links, client) = cluster.Delay(delay);
        using (links)
        await using (client)
        {
            var late = new ShardedExpertsFactory(client, cluster.Member.Node.ShardMap);
            foreach (var sequences in _plan.Growing)
            {
                var loopback = await RateAsync(new Way("", 1, cluster.Member.CreateExperts(), null), sequences);
                var one = await RateAsync(new Way("", 1, late, null), sequences);
                var two = await RateAsync(new Way("", 2, late, null), sequences);
                var waiting = sequences / (Layers * delay.TotalSeconds);
                Line($"{sequences,9}{loopback,10:0.0}{one,12:0.0}{one / waiting,9:P0}{one / loopback,10:P0}{two,12:0.0}{two / waiting,9:P0}{two / loopback,10:P0}");
            }
        }

        async Task<double> RateAsync(Way way, int sequences) => (await MeasureAsync(cluster, way, sequences, DelayTokens)).Decoded.Rate;
    }

    private async Task<Figure> MeasureAsync(ShardedCluster cluster, Way way, int sequences, int tokens)
    {
        var settings = Load(
            $"pipeline.decoder.sessions={sequences}", $"pipeline.decoder.micro-batches={way.MicroBatches}", "pipeline.decoder.kv-bytes=256MiB");
        var (wire, busy) = (default(WireSplit), TimeSpan.Zero);
        var collections = await cluster.CollectionsAsync();
        var decoded = await Decoding.RunAsync(settings, _checkpoint, _team, way.Experts, sequences, tokens, () =>
        {
            wire = way.Client is { } client ? WireSplit.Of(client.Meters).Since(wire) : default;
            busy = cluster.Nodes.Aggregate(TimeSpan.Zero, (sum, node) => sum + node.Busy) - busy;
        });
        return new Figure(decoded, decoded.Tokens / (double)sequences, wire, busy, await cluster.CollectionsAsync() - collections);
    }

    private Settings Load(params string[] sets) => Settings.Load(
        new SettingsArguments(Profile: null, File: null, ["pipeline.cluster.port=0", .. sets], []),
        _plan.Model,
        new Surroundings(Stream.Null, Console.Error, IsTerminal: false, OutputIsTerminal: false, new Dictionary<string, string>(), Environment.CurrentDirectory, CancellationToken.None));

    private static void Line(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    private static void Line(string text) => Console.WriteLine(text);

    /// <param name="Client">Whose meters tell what went over the wire; null where nothing does.</param>
    private sealed record Way(string Name, int MicroBatches, IExpertsFactory Experts, ExpertClient? Client);

    private sealed record Figure(Decoded Decoded, double Steps, WireSplit Wire, TimeSpan NodesBusy, long NodeCollections);
}
