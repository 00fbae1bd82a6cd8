using System.Text.Json;

namespace Pipeline.Checkpoints;

/// <summary>Reads and checks the vision encoder's keys; defaults are those of transformers' <c>Llama4VisionConfig</c>.</summary>
internal static class VisionConfigReader
{
    // LayerNorm's own default: the reference implementation does not pass norm_eps on.
    private const double LayerNormEpsilon = 1e-5;
    private const int MaxImageSize = 1 << 14;

    public static VisionConfig Read(JsonSection keys)
    {
        var config = new VisionConfig(
            Width(keys, "hidden_size", 768),
            Width(keys, "intermediate_size", 5632),
            keys.Int("num_hidden_layers", 34, 1, 4096),
            keys.Int("num_attention_heads", 16, 1, 4096),
            Side(keys, "image_size", 448),
            Side(keys, "patch_size", 14),
            keys.Int("num_channels", 3, 3, 3),
            keys.Number("pixel_shuffle_ratio", 0.5, 1.0 / 64, 1),
            Width(keys, "projector_input_dim", 4096),
            Width(keys, "projector_output_dim", 4096),
            Width(keys, "vision_output_dim", 7680),
            LayerNormEpsilon,
            RopeReader.ReadVisionTheta(keys));
        Check(keys, config);
        return config;
    }

    private static void Check(JsonSection keys, VisionConfig config)
    {
        Require(keys, "num_attention_heads", config.HiddenSize % config.Heads == 0 && config.HeadSize % 4 == 0,
            $"is {config.Heads}: hidden_size {config.HiddenSize} must give each head a multiple of 4 elements (pairs for x and for y)");
        Require(keys, "patch_size", config.ImageSize % config.PatchSize == 0,
            $"is {config.PatchSize}, which does not divide image_size {config.ImageSize}");
        Require(keys, "pixel_shuffle_ratio", Math.Abs((1 / config.PixelShuffleRatio) - config.ShuffleFactor) < 1e-6,
            $"is {config.PixelShuffleRatio}; it must be 1 divided by a whole number");
        Require(keys, "pixel_shuffle_ratio", config.GridSize % config.ShuffleFactor == 0,
            $"is {config.PixelShuffleRatio}: squares of {config.ShuffleFactor} x {config.ShuffleFactor} do not tile the {config.GridSize} x {config.GridSize} patches");
        var shuffled = (long)config.HiddenSize * config.ShuffleFactor * config.ShuffleFactor;
        Require(keys, "intermediate_size", config.IntermediateSize == shuffled,
            $"is {config.IntermediateSize}; the adapter reads shuffled tokens of hidden_size / pixel_shuffle_ratio^2 = {shuffled}");
        Require(keys, "projector_input_dim", config.ProjectorInputSize == config.ProjectorOutputSize,
            $"is {config.ProjectorInputSize}; it must equal projector_output_dim {config.ProjectorOutputSize}");
        Require(keys, "vision_output_dim", config.OutputSize == config.ProjectorOutputSize,
            $"is {config.OutputSize}; it must equal projector_output_dim {config.ProjectorOutputSize}");
    }

    private static void Require(JsonSection keys, string key, bool holds, string problem)
    {
        if (!holds)
        {
            throw keys.Bad(key, problem);
        }
    }

    private static int Width(JsonSection keys, string key, int fallback) => keys.Int(key, fallback, 1, TextConfigReader.MaxWidth);

    // transformers 5 admits a pair where it means a square.
    private static int Side(JsonSection keys, string key, int fallback)
    {
        if (keys.Get(key) is not { ValueKind: JsonValueKind.Array })
        {
            return keys.Int(key, fallback, 1, MaxImageSize);
        }

        var pair = keys.Ints(key, 1, MaxImageSize)!;
        return pair.Count == 2 && pair[0] == pair[1] ? pair[0] : throw keys.Bad(key, "is not a square", "Use a Llama 4 checkpoint.");
    }
}
