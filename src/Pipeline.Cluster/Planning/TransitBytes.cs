using Pipeline.Checkpoints;
using Pipeline.Cluster.Wire;
using Pipeline.Engine;

namespace Pipeline.Cluster.Planning;

/// <summary>Memory of what is on its way through a process: bounded by settings, taken as it is needed, and kept for the next.</summary>
internal static class TransitBytes
{
    /// <summary>A decoded picture whose size a plan cannot know: 1920 x 1080 pixels of 3 bytes.</summary>
    private const long FrameBytes = 3L * 1920 * 1080;

    /// <summary>Pools give buffers of the next power of two.</summary>
    private const int Rounding = 2;

    /// <summary>
    /// An engine's decoded frames (<c>media.frames-in-flight</c>), and, for each visual token that may wait (<c>vision.tokens-waiting</c>),
    /// its row and its share of a tile.
    /// </summary>
    public static long OfMedia(Llama4Config config, EngineSettings engine)
    {
        if (config.Vision is not { } vision)
        {
            return 0;
        }

        var tile = sizeof(float) * (long)vision.Channels * vision.ImageSize * vision.ImageSize;
        var row = (long)sizeof(float) * config.Text.HiddenSize;
        return (engine.Media.FramesInFlight * FrameBytes) + (engine.Vision.TokensWaiting * (row + (tile / vision.TokensPerTile)));
    }

    /// <summary>
    /// Requests and replies of one engine: at any moment each of its passes waits for one layer, whose rows go to a node for each expert that they
    /// chose. At an expert node as many where it holds all that they chose; <c>experts.bytes-outstanding</c> is the limit of a
    /// connection, which is larger than this but where prompts are prefilled in very large runs.
    /// </summary>
    public static long OfRows(TextConfig text, EngineSettings engine, ExpertsOptions experts)
    {
        var layout = new RequestLayout(text.HiddenSize);
        var visits = (engine.Engine.PrefillRows + (engine.Decoder.MicroBatches * engine.Decoder.DecodeRows)) * text.ExpertsPerToken;
        return Math.Min(Rounding * (layout.RequestBytes(visits, visits) + layout.ReplyBytes(visits)), experts.BytesOutstanding);
    }
}
