using Pipeline.Checkpoints;
using Pipeline.Kernels;

namespace Pipeline.Model;

/// <summary>What a row's position alone decides: its rotation and its query scale.</summary>
internal sealed class PositionTables(TextConfig config)
{
    private readonly float[] _frequencies = RotaryEmbedding.TextFrequencies(config.Rope, config.HeadSize);

    public int Pairs => _frequencies.Length;

    public void Fill(StepTable table, int row, int position)
    {
        table.Positions[row] = position;
        RotaryEmbedding.Turn(
            position, _frequencies, table.Cosines.AsSpan(row * Pairs, Pairs), table.Sines.AsSpan(row * Pairs, Pairs));
        table.QueryScales[row] = QueryScale(position);
    }

    /// <summary>Temperature of attention that sees everything (Nakanishi, arXiv 2501.19399), stepwise in the position.</summary>
    public float QueryScale(int position) => config.TuneTemperature
        ? ((float)Math.Log(1 + MathF.Floor((position + 1f) / (float)config.FloorScale)) * (float)config.AttentionScale) + 1
        : 1;
}
