using System.Text;
using Pipeline.Engine.Decoding;
using Pipeline.Media;
using Pipeline.Model;

namespace Pipeline.Engine.Graph;

/// <summary>What a window is asked: pictures from one file (or none), and the text about them.</summary>
/// <param name="Source">How the user named it, for messages.</param>
/// <param name="Path">The media file, or null for text alone.</param>
/// <param name="Prompt">The user's text, or null for the default of the media's kind.</param>
/// <param name="System">A system message, or null.</param>
/// <param name="Raw">The prompt is bare text: no chat template, one BOS, special tokens recognised.</param>
/// <param name="Frames">Frames of a video, or null for the checkpoint's number.</param>
/// <param name="Settings">How to generate.</param>
public sealed record WindowRequest(
    string Source, string? Path, string? Prompt, string? System, bool Raw, int? Frames, DecodeSettings Settings);

/// <summary>A planned window: everything is known but the pixels.</summary>
/// <param name="Request">What was asked.</param>
/// <param name="Prompt">The prompt that is used, the default filled in.</param>
/// <param name="Media">What was probed, or null for text alone.</param>
/// <param name="Layout">Tiles of each of its pictures, or null for text alone.</param>
/// <param name="Pictures">Pictures: frames of a video, 1 for a still, 0 for text alone.</param>
/// <param name="Plan">The fused prompt: ids and segments.</param>
public sealed record CaptionWindow(
    WindowRequest Request, string Prompt, MediaInfo? Media, TileLayout? Layout, int Pictures, PromptPlan Plan);

/// <summary>A window's text, as it was generated.</summary>
/// <param name="Text">The caption.</param>
/// <param name="Tokens">Generated tokens with their raw log-probabilities, a stop token not among them.</param>
/// <param name="Finish">Why it ended.</param>
/// <param name="Truncated">The media ended before what its container announced.</param>
public sealed record CaptionText(string Text, IReadOnlyList<TokenLogprob> Tokens, FinishReason Finish, bool Truncated)
{
    /// <summary>Mean of the tokens' raw log-probabilities; null without tokens.</summary>
    public double? MeanLogprob => Tokens.Count == 0 ? null : Tokens.Average(token => (double)token.Logprob);
}

/// <summary>A caption while its tokens come.</summary>
internal sealed class CaptionDraft
{
    private readonly StringBuilder _text = new();
    private readonly List<TokenLogprob> _tokens = [];
    private FinishReason _finish;

    public CaptionDraft Add(DecoderActor.TokenGenerated generated)
    {
        _text.Append(generated.Text);
        _finish = generated.Finish ?? _finish;
        if (!generated.IsStop)
        {
            _tokens.Add(generated.Token);
        }

        return this;
    }

    public CaptionText ToText(bool truncated) => new(_text.ToString(), _tokens, _finish, truncated);
}
