namespace Pipeline.Cluster.Shards;

/// <summary>
/// Rows of zeros that a store computes before it holds its first shard: kernels are compiled and code is made at their first use, which
/// would take some tenths of a second of the first step that asks a new node.
/// </summary>
internal sealed class Rehearsal : ExpertRequest
{
    private readonly int _layer;
    private readonly int _shard;
    private readonly int _hidden;
    private readonly float[] _input;
    private readonly float[] _output;
    private readonly ExpertAssignment[] _assignments;

    private Rehearsal(ShardWeights weights, int layer, int expert, int rows, int hidden)
    {
        (_layer, _shard, _hidden) = (layer, weights.Shard, hidden);
        (_input, _output) = (new float[rows * hidden], new float[rows * hidden]);
        _assignments = [.. Enumerable.Range(0, rows).Select(row => new ExpertAssignment(row, expert, 1))];
    }

    public override int Layer => _layer;

    public override int Shard => _shard;

    public override int Rows => _input.Length / _hidden;

    public override bool Urgent => false;

    public override ReadOnlySpan<float> Input => _input;

    public override ReadOnlySpan<ExpertAssignment> Assignments => _assignments;

    public override Span<float> Output => _output;

    /// <summary>Computes one row, as decoding asks for, and a full batch, as prompts do; on the device's thread.</summary>
    /// <param name="experts">Experts of the layer, of which the shard has some.</param>
    public static void Run(ExpertBatch batch, ShardWeights weights, int layer, int experts, int rows, int hidden)
    {
        var expert = Enumerable.Range(0, experts).First(expert => weights.PartOf(layer, expert) >= 0);
        foreach (var count in (int[])[1, rows])
        {
            batch.Run(weights, layer, [new ExpertSlice(new Rehearsal(weights, layer, expert, count, hidden), 0, count)]);
        }
    }

    public override void Complete(ExpertOutcome outcome)
    {
        // Nobody waits for it.
    }
}
