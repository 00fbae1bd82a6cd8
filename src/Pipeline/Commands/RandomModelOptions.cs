using System.CommandLine;
using Pipeline.Checkpoints;
using static Pipeline.Commands.OptionFactory;

namespace Pipeline.Commands;

/// <summary>The options that describe a model of random weights.</summary>
internal sealed class RandomModelOptions
{
    private const int MostWide = 1 << 20;

    // 1.8 G parameters, 276 M of them active: large enough to be read from memory at every step, small enough for a laptop.
    private static readonly RandomCheckpointOptions s_default = new()
    {
        Type = StoredType.BF16,
        HiddenSize = 1024,
        Layers = 16,
        Experts = 16,
        Heads = 8,
        HeadSize = 128,
        KvHeads = 2,
        IntermediateSize = 2048,
        IntermediateSizeMlp = 4096,
        Vocabulary = 32_000,
        ChunkSize = 8192,
        MaxPositions = 131_072,
        VisionHiddenSize = 512,
        VisionLayers = 12,
        VisionHeads = 8,
        ImageSize = 336,
        ProjectorSize = 1024,
        MaxPatches = 16,
    };

    private readonly Option<string?> _make = String("--make", "DIR", "write a model there and end; DIR must be new or empty");
    private readonly Option<int?> _hidden = Size("--hidden", "width of the residual stream", s_default.HiddenSize);
    private readonly Option<int?> _layers = Size("--layers", "layers", s_default.Layers);
    private readonly Option<int?> _experts = Size("--experts", "routed experts of a layer", s_default.Experts);
    private readonly Option<int?> _topK = Size("--top-k", "routed experts a token", s_default.TopK);
    private readonly Option<int?> _moeStep = Whole("--moe-step", "N", $"every Nth layer has experts; 0: none has (default: {s_default.MoeStep})", 0, MostWide);
    private readonly Option<int?> _heads = Size("--heads", "query heads", s_default.Heads);
    private readonly Option<int?> _kvHeads = Size("--kv-heads", "heads of keys and values", s_default.KvHeads);
    private readonly Option<int?> _headSize = Size("--head-size", "elements of a head", s_default.HeadSize);
    private readonly Option<int?> _inner = Size("--inner", "width of an expert", s_default.IntermediateSize);
    private readonly Option<int?> _denseInner = Size("--dense-inner", "width of a layer without experts", s_default.IntermediateSizeMlp);
    private readonly Option<int?> _vocabulary = Size("--vocabulary", "tokens", s_default.Vocabulary);
    private readonly Option<int?> _visionHidden = Size("--vision-hidden", "width of the vision encoder", s_default.VisionHiddenSize);
    private readonly Option<int?> _visionLayers = Size("--vision-layers", "its layers", s_default.VisionLayers);
    private readonly Option<int?> _visionHeads = Size("--vision-heads", "its heads", s_default.VisionHeads);
    private readonly Option<int?> _imageSize = Size("--image-size", "pixels of a tile's side", s_default.ImageSize);
    private readonly Option<bool> _textOnly = Flag("--text-only", "no vision encoder");
    private readonly Option<StoredType> _type = Choice("--type", "TYPE", "f32, f16 or bf16 (default: bf16)", s_default.Type, StoredType.F32, StoredType.F16, StoredType.BF16);
    private readonly Option<int?> _shards = Size("--shards", "weight files", s_default.Shards);
    private readonly Option<int?> _seed = Whole("--seed", "N", "equal seeds give equal bytes (default: 1)", 0);

    public OptionGroup Group => new("Random model", [_make, .. Shape]);

    private Option[] Shape =>
    [
        _hidden, _layers, _experts, _topK, _moeStep, _heads, _kvHeads, _headSize, _inner, _denseInner, _vocabulary,
        _visionHidden, _visionLayers, _visionHeads, _imageSize, _textOnly, _type, _shards, _seed,
    ];

    /// <summary>Where to write a model; null where none is asked for.</summary>
    public string? Directory(ParseResult parsed) => parsed.GetValue(_make);

    /// <exception cref="UsageException">A model is described, and nothing says where to write it.</exception>
    public void RequireMake(ParseResult parsed)
    {
        if (Shape.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is { } option)
        {
            throw new UsageException($"{option.Name}: needs --make DIR", "it describes a model to be written");
        }
    }

    public RandomCheckpointOptions Read(ParseResult parsed) => s_default with
    {
        HiddenSize = parsed.GetValue(_hidden) ?? s_default.HiddenSize,
        Layers = parsed.GetValue(_layers) ?? s_default.Layers,
        Experts = parsed.GetValue(_experts) ?? s_default.Experts,
        TopK = parsed.GetValue(_topK) ?? s_default.TopK,
        MoeStep = parsed.GetValue(_moeStep) ?? s_default.MoeStep,
        Heads = parsed.GetValue(_heads) ?? s_default.Heads,
        KvHeads = parsed.GetValue(_kvHeads) ?? s_default.KvHeads,
        HeadSize = parsed.GetValue(_headSize) ?? s_default.HeadSize,
        IntermediateSize = parsed.GetValue(_inner) ?? s_default.IntermediateSize,
        IntermediateSizeMlp = parsed.GetValue(_denseInner) ?? s_default.IntermediateSizeMlp,
        Vocabulary = parsed.GetValue(_vocabulary) ?? s_default.Vocabulary,
        VisionHiddenSize = parsed.GetValue(_visionHidden) ?? s_default.VisionHiddenSize,
        VisionLayers = parsed.GetValue(_visionLayers) ?? s_default.VisionLayers,
        VisionHeads = parsed.GetValue(_visionHeads) ?? s_default.VisionHeads,
        ImageSize = parsed.GetValue(_imageSize) ?? s_default.ImageSize,
        TextOnly = parsed.GetValue(_textOnly),
        Type = parsed.GetValue(_type),
        Shards = parsed.GetValue(_shards) ?? s_default.Shards,
        Seed = parsed.GetValue(_seed) ?? s_default.Seed,
    };

    private static Option<int?> Size(string name, string description, int fallback) =>
        Whole(name, "N", $"{description} (default: {fallback})", 1, MostWide);
}
