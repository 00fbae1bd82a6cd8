using System.Buffers;
using Akka;
using Akka.Streams;
using Akka.Streams.Dsl;
using Pipeline.Engine.Decoding;

namespace Pipeline.Engine.Graph;

/// <summary>
/// The road of a caption: frames become tiles, tiles become visual tokens, they are fused with the prompt's text, and the
/// decoder turns the fused prompt into a caption. One graph a window; demand flows back from the decoder to the file.
/// </summary>
internal static class CaptionGraph
{
    /// <param name="window">What was planned.</param>
    /// <param name="id">Names this run of the window to the actors.</param>
    /// <param name="scope">Holds what the window has of the process's bounds.</param>
    /// <param name="services">What all windows share.</param>
    /// <param name="actors">Those of the device that computes the window.</param>
    /// <param name="onText">Gets the text as it comes; what it throws fails the stream.</param>
    public static IRunnableGraph<Task<CaptionDraft>> Create(
        CaptionWindow window, long id, WindowScope scope, EngineServices services, EngineActors actors, Action<string> onText) =>
        Pictures(window, id, scope, services, actors)
            .Via(Flow.FromGraph(new FusionStage(window.Plan)).Named("Fusion"))
            .Via(Flow.FromGraph(new DecodeStage(window, scope, actors.Decoder)).Named("Decode"))
            .ToMaterialized(
                Sink.Aggregate<DecoderActor.TokenGenerated, CaptionDraft>(new CaptionDraft(), (draft, generated) =>
                {
                    onText(generated.Text);
                    return draft.Add(generated);
                }),
                Keep.Right)
            .WithAttributes(Attributes.CreateInputBuffer(1, 1));

    private static Source<EncodedPicture, NotUsed> Pictures(
        CaptionWindow window, long id, WindowScope scope, EngineServices services, EngineActors actors) =>
        window.Pictures == 0
            ? Source.Empty<EncodedPicture>()
            : Source.FromGraph(new FrameSource(window, scope, services)).Named("Sample")
                .Via(Tile(window, scope, services))
                .Via(Flow.FromGraph(new VisionStage(id, actors.Vision)).Named("Vision"));

    /// <summary>Tiles are cut on threads of their own, one frame ahead of the vision stage.</summary>
    private static Flow<SampledFrame, TiledPicture, NotUsed> Tile(CaptionWindow window, WindowScope scope, EngineServices services) =>
        Flow.Create<SampledFrame>()
            .SelectAsync(1, async frame => (Frame: frame, Lease: await ReserveAsync(window, scope, services)))
            .Select(reserved => Cut(reserved.Frame, reserved.Lease, window, scope, services))
            .Named("Tile")
            .AddAttributes(ActorAttributes.CreateDispatcher(EngineServices.TileDispatcher).And(Attributes.CreateInputBuffer(1, 1)))
            .Async();

    private static async Task<Gate.Lease> ReserveAsync(CaptionWindow window, WindowScope scope, EngineServices services)
    {
        var lease = await services.TokensWaiting.EnterAsync((long)window.Layout!.Tiles * services.TokensPerTile, scope.Ended);
        scope.Hold(lease);
        return lease;
    }

    private static TiledPicture Cut(SampledFrame sampled, Gate.Lease lease, CaptionWindow window, WindowScope scope, EngineServices services)
    {
        var (frame, layout) = (sampled.Frame, window.Layout!);
        if (frame.Width != window.Media!.Width || frame.Height != window.Media.Height)
        {
            throw new PipelineException(
                "media.size-changed",
                $"{window.Request.Source}: a frame of {frame.Width}x{frame.Height} came where {window.Media.Width}x{window.Media.Height} was announced");
        }

        var length = layout.Tiles * services.TileElements;
        var pixels = ArrayPool<float>.Shared.Rent(length);
        services.TilerFor(window.Media.Kind).Tile(frame.Rgb.Span, frame.Width, frame.Height, layout, pixels.AsSpan(0, length));
        scope.Return(frame);
        return new TiledPicture(sampled.Picture, pixels, layout.Tiles, lease);
    }
}
