using Pipeline.Checkpoints;
using Pipeline.Media;
using Pipeline.Model;
using Pipeline.Text;

namespace Pipeline.Engine;

/// <summary>What every window of an engine shares.</summary>
internal sealed class EngineServices : IDisposable
{
    /// <summary>Where tiles are cut: threads of their own, as such work must not sit on the pool that heartbeats share.</summary>
    public const string TileDispatcher = "akka.actor.tile-dispatcher";

    private readonly MediaProbe? _probe;
    private readonly FrameReader? _frames;
    private readonly ImageTiler? _pictureTiler;
    private readonly ImageTiler? _frameTiler;
    private readonly ImageTokens? _imageTokens;

    public EngineServices(
        Checkpoint checkpoint, Tokenizer tokenizer, ChatTemplate? template, FfmpegTools? tools, EngineSettings settings)
    {
        Checkpoint = checkpoint;
        Tokenizer = tokenizer;
        Template = template;
        TemplateOptions = new ChatTemplateOptions(AddGenerationPrompt: true)
        {
            BosToken = tokenizer.BosToken,
            EosToken = tokenizer.EosToken,
            PadToken = tokenizer.PadToken,
            SpecialTokens = tokenizer.SpecialTokens,
        };
        if (tools is not null)
        {
            _probe = new MediaProbe(tools, settings.Media);
            _frames = new FrameReader(tools, settings.Media);
        }

        Settings = settings;
        TokensWaiting = new Gate("pipeline.vision.tokens-waiting", settings.Vision.TokensWaiting);
        MediaProcesses = new Gate(
            "engine.media-processes",
            settings.Engine.MediaProcesses == 0 ? Environment.ProcessorCount : settings.Engine.MediaProcesses);
        if (checkpoint.Processor is { } processor && checkpoint.Config.Vision is { } vision)
        {
            var tiling = new TilingOptions(
                processor.TileSize, processor.MaxPatches, processor.ResizeToMaxCanvas, processor.Mean, processor.Std, processor.RescaleFactor);
            _pictureTiler = new ImageTiler(tiling);
            _frameTiler = new ImageTiler(tiling with { MaxTiles = 1 });
            TokensPerTile = vision.TokensPerTile;
            _imageTokens = FindImageTokens(processor, tokenizer);
            TileElements = vision.Channels * processor.TileSize * processor.TileSize;
        }
    }

    public Checkpoint Checkpoint { get; }

    public Tokenizer Tokenizer { get; }

    public ChatTemplate? Template { get; }

    public MediaProbe Probe => _probe ?? throw new InvalidOperationException("The engine was started for text alone.");

    public FrameReader Frames => _frames ?? throw new InvalidOperationException("The engine was started for text alone.");

    public EngineSettings Settings { get; }

    /// <summary>Variables of the chat template, and that it asks for the assistant's turn.</summary>
    public ChatTemplateOptions TemplateOptions { get; }

    /// <summary>Ids of the tokens that lay out a picture.</summary>
    public ImageTokens ImageTokens => _imageTokens ?? throw NoVision();

    public Gate TokensWaiting { get; }

    public Gate MediaProcesses { get; }

    /// <summary>Visual tokens that one tile becomes; 0 where the model has no vision encoder.</summary>
    public int TokensPerTile { get; }

    /// <summary>Elements of a normalised tile.</summary>
    public int TileElements { get; }

    /// <summary>A picture may be cut into several tiles, a frame is one.</summary>
    public ImageTiler TilerFor(MediaKind kind) => (kind == MediaKind.Image ? _pictureTiler : _frameTiler) ?? throw NoVision();

    public void Dispose() => _frames?.Dispose();

    private static PipelineException NoVision() => new(
        "model.text-only", "the model has no vision encoder: it cannot see pictures", "use a checkpoint with vision, or `generate` for text");

    private static ImageTokens FindImageTokens(ProcessorConfig processor, Tokenizer tokenizer)
    {
        return new ImageTokens(
            Id(processor.ImageToken),
            Id(processor.StartOfImageToken),
            Id(processor.EndOfImageToken),
            Id(processor.PatchToken),
            Id(processor.TileXSeparatorToken),
            Id(processor.TileYSeparatorToken));

        int Id(string token) => tokenizer.TryGetId(token, out var id)
            ? id
            : throw new PipelineException(
                "text.no-image-token", $"the tokenizer has no token {token}, which the processor's settings name", "check processor_config.json and tokenizer.json");
    }
}
