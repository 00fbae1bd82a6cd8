using Pipeline.Checkpoints;
using Pipeline.Cluster.Shards;
using Pipeline.Cluster.Wire;

namespace Pipeline.Cluster.Planning;

/// <summary>What bounds a decode step.</summary>
public enum StepBound
{
    /// <summary>The engine reads its own weights, keys and values.</summary>
    EngineMemory,

    /// <summary>The slowest expert node reads the weights of the experts that were chosen.</summary>
    ExpertMemory,

    /// <summary>Bytes between engine and expert nodes.</summary>
    Network,

    /// <summary>Waiting for replies, one round trip a layer, and handling them.</summary>
    RoundTrips,
}

/// <summary>One decode step of an engine with so many sequences, its routing spread evenly over the experts.</summary>
/// <param name="Sequences">Sequences that decode together: rows of the step.</param>
/// <param name="WireBytes">Sent and received by the engine.</param>
/// <param name="EngineSeconds">Time in which the engine itself computes.</param>
/// <param name="ExpertSeconds">Time in which the slowest expert node of each layer computes.</param>
/// <param name="NetworkSeconds">Time in which the engine's link carries rows.</param>
/// <param name="RoundTripSeconds">Time that requests and replies take whatever they carry.</param>
/// <param name="StepSeconds">The whole step: the shared expert runs while the routed ones are waited for.</param>
public sealed record StepEstimate(
    int Sequences, double WireBytes, double EngineSeconds, double ExpertSeconds, double NetworkSeconds, double RoundTripSeconds, double StepSeconds)
{
    /// <summary>Tokens of a sequence that attention reads.</summary>
    public const int ContextTokens = 1024;

    /// <summary>The machine whose rates these are.</summary>
    public static string Machine => $"{Measured.Threads} cores that read {Measured.WeightBytesPerSecond / 1e9:0.#} GB of weights a second";

    public double TokensPerSecond => Sequences / StepSeconds;

    /// <summary>Bytes on the wire a token.</summary>
    public double WireBytesPerToken => WireBytes / Sequences;

    public StepBound Bound => new (double Seconds, StepBound Bound)[]
    {
        (EngineSeconds, StepBound.EngineMemory),
        (ExpertSeconds, StepBound.ExpertMemory),
        (NetworkSeconds, StepBound.Network),
        (RoundTripSeconds, StepBound.RoundTrips),
    }.MaxBy(part => part.Seconds).Bound;

    /// <param name="request">The plan's request.</param>
    /// <param name="nodes">Its machines; a shard's first holder in this order serves it, the engine itself before all.</param>
    /// <param name="engine">The machine whose step it is.</param>
    /// <param name="sequences">Rows of the step.</param>
    internal static StepEstimate Of(PlanRequest request, IReadOnlyList<NodePlan> nodes, NodePlan engine, int sequences)
    {
        var text = request.Config.Text;
        var holders = Holders(request.Map, [engine, .. nodes.Where(node => node != engine)]);
        var sparse = Math.Max(text.LayerConfigs.Count(layer => layer.MixtureOfExperts), 1);
        var shared = Seconds(BytesOf(request.Summary, TensorKind.SharedExpert)) / sparse;
        var own = Seconds(EngineBytes(request, sequences));
        var total = new StepEstimate(sequences, 0, own, 0, 0, 0, own - (shared * sparse));
        for (var layer = 0; layer < text.Layers; layer++)
        {
            if (text.LayerConfigs[layer].MixtureOfExperts)
            {
                total = total.Add(LayerLoad.Of(request, holders, engine, layer, sequences), shared);
            }
        }

        return total;
    }

    private StepEstimate Add(LayerLoad load, double shared)
    {
        var local = ExpertTime(load.LocalBytes);
        var remote = load.RoundTripSeconds + load.NetworkSeconds + ExpertTime(load.SlowestBytes);
        return this with
        {
            WireBytes = WireBytes + load.WireBytes,
            EngineSeconds = EngineSeconds + local,
            ExpertSeconds = ExpertSeconds + ExpertTime(load.SlowestBytes),
            NetworkSeconds = NetworkSeconds + load.NetworkSeconds,
            RoundTripSeconds = RoundTripSeconds + load.RoundTripSeconds,
            StepSeconds = StepSeconds + Math.Max(shared + local, remote),
        };
    }

    private static NodePlan[] Holders(ShardMap map, IReadOnlyList<NodePlan> nodes) =>
        [.. Enumerable.Range(0, map.Shards).Select(shard => nodes.First(node => node.Shards.Contains(shard)))];

    /// <summary>What the engine reads of its own in a step: each weight once, and each sequence's keys and values.</summary>
    private static double EngineBytes(PlanRequest request, int sequences)
    {
        TensorKind[] read = [TensorKind.Attention, TensorKind.Router, TensorKind.SharedExpert, TensorKind.Dense, TensorKind.Norm];
        var head = request.Config.TieWordEmbeddings ? TensorKind.Embedding : TensorKind.Head;
        var memory = request.Engine.PlanMemory(request.Config, request.Summary);
        return read.Append(head).Sum(kind => BytesOf(request.Summary, kind)) + ((double)sequences * memory.SessionBytes(ContextTokens));
    }

    private static double BytesOf(ModelSummary summary, TensorKind kind) => summary.Kinds.Where(size => size.Kind == kind).Sum(size => size.Bytes);

    private static double Seconds(double bytes) => bytes / Measured.WeightBytesPerSecond;

    private static double ExpertTime(double bytes) => bytes / Measured.ExpertBytesPerSecond;

    /// <summary>What the routed experts of one layer take in a step, in expectation.</summary>
    private readonly record struct LayerLoad(double LocalBytes, double SlowestBytes, double WireBytes, double NetworkSeconds, double RoundTripSeconds)
    {
        public static LayerLoad Of(PlanRequest request, NodePlan[] holders, NodePlan engine, int layer, int sequences)
        {
            var text = request.Config.Text;
            var layout = new RequestLayout(text.HiddenSize);
            var assigned = text.ExpertsPerToken / (double)text.Experts;
            var chosen = 1 - Math.Pow(1 - assigned, sequences);
            var read = new Dictionary<NodePlan, double>(ReferenceEqualityComparer.Instance);
            double sent = 0, received = 0, messages = 0;
            foreach (var shard in Enumerable.Range(0, request.Map.Shards))
            {
                var experts = request.Map.Members(shard).Count(id => id.Layer == layer);
                if (experts == 0)
                {
                    continue;
                }

                var holder = holders[shard];
                read[holder] = read.GetValueOrDefault(holder) + (experts * chosen * request.Map.ExpertBytes);
                if (holder != engine)
                {
                    var rowComes = 1 - Math.Pow(1 - (experts / (double)text.Experts), text.ExpertsPerToken);
                    var requests = 1 - Math.Pow(1 - rowComes, sequences);
                    var head = layout.RequestBytes(0, 0);
                    var assignments = sequences * experts * assigned;
                    messages += requests;
                    sent += (requests * head) + (sequences * rowComes * (layout.RequestBytes(1, 0) - head)) + (assignments * (layout.RequestBytes(0, 1) - head));
                    received += (requests * layout.ReplyBytes(0)) + (assignments * (layout.ReplyBytes(1) - layout.ReplyBytes(0)));
                }
            }

            // The link carries both directions at once, but a layer's replies come after its requests.
            var local = read.GetValueOrDefault(engine);
            read.Remove(engine);
            var remote = messages > 0;
            return new LayerLoad(
                local,
                remote ? read.Values.Max() : 0,
                sent + received,
                (sent + received) / request.Network.BytesPerSecond,
                remote ? Math.Min(messages, 1) * request.Network.RoundTrip.TotalSeconds + (messages * Measured.MessageSeconds) : 0);
        }
    }
}
