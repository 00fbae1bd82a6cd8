namespace Pipeline.Checkpoints;

/// <summary>config.json of a Llama 4 checkpoint, resolved: every default applied, every number checked, every layer's kind decided.</summary>
/// <param name="Text">The decoder.</param>
/// <param name="Vision">The vision encoder; null for text-only checkpoints.</param>
/// <param name="ImageTokenId">The token whose embeddings are replaced by visual tokens (<c>&lt;|patch|&gt;</c>); null for text-only checkpoints.</param>
/// <param name="BoiTokenId">Begin of image, where the checkpoint names it.</param>
/// <param name="EoiTokenId">End of image, where the checkpoint names it.</param>
public sealed record Llama4Config(TextConfig Text, VisionConfig? Vision, int? ImageTokenId, int? BoiTokenId, int? EoiTokenId)
{
    public bool TieWordEmbeddings => Text.TieWordEmbeddings;
}

/// <summary>The decoder's shape.</summary>
/// <param name="VocabularySize">Rows of the embedding and of the head.</param>
/// <param name="HiddenSize">Width of the residual stream.</param>
/// <param name="Layers">Number of layers.</param>
/// <param name="Heads">Query heads.</param>
/// <param name="KvHeads">Key/value heads; divides <paramref name="Heads"/>.</param>
/// <param name="HeadSize">Elements of a head, even.</param>
/// <param name="IntermediateSize">Width of a routed expert and of the shared expert.</param>
/// <param name="IntermediateSizeMlp">Width of the feed-forward of layers without experts.</param>
/// <param name="Experts">Routed experts of a layer that has any.</param>
/// <param name="ExpertsPerToken">Routed experts that a token takes.</param>
/// <param name="LayerConfigs">One entry a layer.</param>
/// <param name="AttentionChunkSize">Tokens of an attention chunk; null where no layer is chunked.</param>
/// <param name="UseQkNorm">Whether layers that rotate normalise queries and keys (weightless RMS, after the rotation).</param>
/// <param name="TuneTemperature">Whether layers that don't rotate scale their queries by position.</param>
/// <param name="FloorScale">Tokens between two steps of that scale.</param>
/// <param name="AttentionScale">Strength of that scale.</param>
/// <param name="RmsNormEpsilon">Epsilon of all RMS norms, also of queries and keys.</param>
/// <param name="Rope">Rotary positions.</param>
/// <param name="MaxPositions">Longest sequence that the model was made for, in tokens.</param>
/// <param name="AttentionBias">Whether query, key, value and output have biases.</param>
/// <param name="TieWordEmbeddings">Whether the head is the embedding.</param>
/// <param name="BosId">Token that begins a text.</param>
/// <param name="EosIds">Tokens that end one.</param>
/// <param name="PadId">Padding token.</param>
public sealed record TextConfig(
    int VocabularySize,
    int HiddenSize,
    int Layers,
    int Heads,
    int KvHeads,
    int HeadSize,
    int IntermediateSize,
    int IntermediateSizeMlp,
    int Experts,
    int ExpertsPerToken,
    IReadOnlyList<TextLayerConfig> LayerConfigs,
    int? AttentionChunkSize,
    bool UseQkNorm,
    bool TuneTemperature,
    double FloorScale,
    double AttentionScale,
    double RmsNormEpsilon,
    RopeConfig Rope,
    int MaxPositions,
    bool AttentionBias,
    bool TieWordEmbeddings,
    int? BosId,
    IReadOnlyList<int> EosIds,
    int? PadId);

/// <summary>What kind a decoder layer is.</summary>
/// <param name="MixtureOfExperts">Router, routed experts and a shared one; else one dense feed-forward.</param>
/// <param name="Rotate">Rotary positions (and QK norm, if the model has it); else none (and temperature tuning, if the model has it).</param>
/// <param name="Chunked">A token sees its own chunk only; else everything before it.</param>
public readonly record struct TextLayerConfig(bool MixtureOfExperts, bool Rotate, bool Chunked);

/// <summary>How inverse frequencies are scaled for long contexts.</summary>
public enum RopeType
{
    /// <summary><c>theta^(-2j/head size)</c>.</summary>
    Default,

    /// <summary>Llama 3's: long wavelengths divided by a factor, a smooth band between.</summary>
    Llama3,
}

/// <summary>Rotary positions; the last four matter for <see cref="RopeType.Llama3"/> only.</summary>
public sealed record RopeConfig(
    double Theta, RopeType Type, double Factor, double LowFrequencyFactor, double HighFrequencyFactor, int OriginalMaxPositions);

/// <summary>The vision encoder's shape.</summary>
/// <param name="HiddenSize">Width of its residual stream.</param>
/// <param name="IntermediateSize">Width of its feed-forward, and of a shuffled token: hidden size divided by the ratio squared.</param>
/// <param name="Layers">Number of layers.</param>
/// <param name="Heads">Attention heads.</param>
/// <param name="ImageSize">Side of a tile in pixels.</param>
/// <param name="PatchSize">Side of a patch in pixels.</param>
/// <param name="Channels">Colour channels.</param>
/// <param name="PixelShuffleRatio">1/k, where k x k patches become one visual token.</param>
/// <param name="ProjectorInputSize">Width after the adapter's first product.</param>
/// <param name="ProjectorOutputSize">Width after its second.</param>
/// <param name="OutputSize">Width that enters the projector into the decoder.</param>
/// <param name="NormEpsilon">Epsilon of its layer norms.</param>
/// <param name="RopeTheta">Base of its two-dimensional rotary positions.</param>
public sealed record VisionConfig(
    int HiddenSize,
    int IntermediateSize,
    int Layers,
    int Heads,
    int ImageSize,
    int PatchSize,
    int Channels,
    double PixelShuffleRatio,
    int ProjectorInputSize,
    int ProjectorOutputSize,
    int OutputSize,
    double NormEpsilon,
    double RopeTheta)
{
    /// <summary>Patches along a side of a tile.</summary>
    public int GridSize => ImageSize / PatchSize;

    /// <summary>Patches of a tile, without the class token.</summary>
    public int PatchesPerTile => GridSize * GridSize;

    /// <summary>k: patches along a side of the square that becomes one visual token.</summary>
    public int ShuffleFactor => (int)Math.Round(1 / PixelShuffleRatio);

    /// <summary>Visual tokens that a tile gives the decoder.</summary>
    public int TokensPerTile => GridSize / ShuffleFactor * (GridSize / ShuffleFactor);

    public int HeadSize => HiddenSize / Heads;
}
