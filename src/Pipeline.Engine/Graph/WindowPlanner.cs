using System.Text.Json.Nodes;
using Pipeline.Media;
using Pipeline.Model;

namespace Pipeline.Engine.Graph;

/// <summary>Plans windows: probes the file, renders the chat template, and lays the pictures out in the prompt, so that all sizes are known before anything is held.</summary>
/// <param name="services">What all windows share.</param>
/// <param name="kvTokens">Tokens that the KV pools hold.</param>
internal sealed class WindowPlanner(EngineServices services, long kvTokens)
{
    private const int DefaultFrames = 8;

    /// <exception cref="PipelineException">The file is no media, or the window can never fit: the message has both numbers.</exception>
    public async Task<CaptionWindow> PlanAsync(WindowRequest request, CancellationToken cancellation)
    {
        var media = request.Path is null ? null : await ProbeAsync(request.Path, cancellation);
        var layout = media is null ? null : services.TilerFor(media.Kind).Plan(media.Width, media.Height);
        var pictures = media?.Kind switch
        {
            null => 0,
            MediaKind.Image => 1,
            _ => request.Frames ?? services.Checkpoint.Processor?.VideoFrames ?? DefaultFrames,
        };
        var prompt = request.Prompt ?? DefaultPrompt(media);
        var ids = request.Raw ? EncodeRaw(prompt) : EncodeChat(prompt, request.System, pictures);
        var plan = layout is null
            ? PromptPlan.Text(ids)
            : PromptPlan.Fuse(
                ids, [.. Enumerable.Repeat(new TileGrid(layout.Rows, layout.Columns), pictures)], services.ImageTokens, services.TokensPerTile);
        CheckFits(request, layout, plan);
        return new CaptionWindow(request, prompt, media, layout, pictures, plan);
    }

    private async Task<MediaInfo> ProbeAsync(string path, CancellationToken cancellation)
    {
        using var turn = await services.MediaProcesses.EnterAsync(1, cancellation);
        return await services.Probe.ProbeAsync(path, cancellation);
    }

    private static string DefaultPrompt(MediaInfo? media) => media?.Kind switch
    {
        MediaKind.Image => "Describe the image.",
        MediaKind.Video => "Describe the video.",
        _ => throw new PipelineException("prompt.missing", "there is neither a file nor a text", "say what to generate"),
    };

    private int[] EncodeRaw(string prompt)
    {
        var ids = services.Tokenizer.Encode(prompt, recognizeSpecial: true);
        return services.Tokenizer.BosId is { } bos && (ids.Length == 0 || ids[0] != bos) ? [bos, .. ids] : ids;
    }

    private int[] EncodeChat(string prompt, string? system, int pictures)
    {
        var template = services.Template ?? throw new PipelineException(
            "text.no-template",
            $"{services.Checkpoint.Directory}: there is no chat template",
            "add chat_template.jinja to the checkpoint, or use `generate --raw`");
        var content = new JsonArray();
        for (var picture = 0; picture < pictures; picture++)
        {
            content.Add(new JsonObject { ["type"] = "image" });
        }

        content.Add(new JsonObject { ["type"] = "text", ["text"] = prompt });
        var messages = new JsonArray();
        if (system is not null)
        {
            messages.Add(new JsonObject { ["role"] = "system", ["content"] = system });
        }

        messages.Add(new JsonObject { ["role"] = "user", ["content"] = content });
        return services.Tokenizer.Encode(template.Render(messages, services.TemplateOptions));
    }

    private void CheckFits(WindowRequest request, TileLayout? layout, PromptPlan plan)
    {
        var context = services.Checkpoint.Config.Text.MaxPositions;
        if (plan.Length == 0)
        {
            throw new PipelineException("prompt.empty", $"{request.Source}: the prompt has no tokens", "give a text");
        }

        var visual = (long)(layout?.Tiles ?? 0) * services.TokensPerTile;
        if (visual > services.TokensWaiting.Capacity)
        {
            throw new PipelineException(
                "vision.picture-too-large",
                $"{request.Source}: the picture becomes {visual} visual tokens, pipeline.vision.tokens-waiting allows {services.TokensWaiting.Capacity}",
                "raise pipeline.vision.tokens-waiting");
        }

        var tokens = (long)plan.Length + request.Settings.MaxTokens;
        if (tokens > kvTokens)
        {
            throw new PipelineException(
                "decoder.kv-too-small",
                $"{request.Source}: {plan.Length} prompt tokens and {request.Settings.MaxTokens} to generate need room for {tokens}, pipeline.decoder.kv-bytes holds {kvTokens}",
                $"raise pipeline.decoder.kv-bytes, or {AskForLess(layout)}");
        }

        if (tokens > context)
        {
            throw new PipelineException(
                "prompt.too-long",
                $"{request.Source}: {plan.Length} prompt tokens and {request.Settings.MaxTokens} to generate exceed the model's context of {context}",
                AskForLess(layout));
        }
    }

    private static string AskForLess(TileLayout? layout) => layout is null
        ? "ask with a shorter text or for fewer tokens (--max-tokens)"
        : "ask for fewer frames or fewer tokens (--frames, --max-tokens)";
}
