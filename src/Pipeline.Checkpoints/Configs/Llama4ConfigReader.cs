using System.Text.Json;

namespace Pipeline.Checkpoints;

/// <summary>
/// Reads config.json of <c>Llama4ForConditionalGeneration</c> and <c>Llama4ForCausalLM</c> as transformers 4.51 to 5.x write it,
/// with the class defaults of transformers where a key is absent.
/// </summary>
internal static class Llama4ConfigReader
{
    private const string Multimodal = "Llama4ForConditionalGeneration";
    private const string TextOnly = "Llama4ForCausalLM";

    /// <param name="root">The whole file.</param>
    /// <param name="unknown">Receives the paths of keys that are neither honoured nor known to be harmless.</param>
    /// <exception cref="PipelineException">A value that is out of range or not supported; the message names file and key.</exception>
    public static Llama4Config Read(JsonSection root, List<string> unknown)
    {
        var type = root.OptionalText("model_type");
        var multimodal = IsMultimodal(root, type);
        if (type == "llama4_text")
        {
            var config = new Llama4Config(TextConfigReader.Read(root, tiedByDefault: false), Vision: null, ImageTokenId: null, BoiTokenId: null, EoiTokenId: null);
            ConfigKeys.Check(root, unknown);
            return config;
        }

        // transformers takes its class defaults for a decoder that is absent; an encoder of class defaults fits no projector, so absent means none.
        var text = Part(root, "text_config", "llama4_text") ?? new JsonSection(root.File, "text_config", JsonElement.Parse("{}"));
        var textConfig = TextConfigReader.Read(text, root.Flag("tie_word_embeddings", fallback: false));
        var visionSection = Part(root, "vision_config", "llama4_vision_model");
        var vision = multimodal && visionSection is not null ? VisionConfigReader.Read(visionSection) : null;
        var result = new Llama4Config(
            textConfig,
            vision,
            ImageId(root, vision is not null, textConfig.VocabularySize),
            MarkerId(root, "boi_token", 200080, textConfig.VocabularySize),
            MarkerId(root, "eoi_token", 200081, textConfig.VocabularySize));
        ConfigKeys.Check(text, unknown);
        if (vision is not null)
        {
            ConfigKeys.Check(visionSection!, unknown);
        }

        ConfigKeys.Check(root, unknown);
        return result;
    }

    private static bool IsMultimodal(JsonSection root, string? type)
    {
        if (type is not ("llama4" or "llama4_text"))
        {
            throw Unsupported(root, "model_type", type is null ? "is absent" : $"is {type}");
        }

        var architectures = root.Texts("architectures") ?? [];
        if (architectures.Count > 0 && !architectures.Contains(Multimodal) && !architectures.Contains(TextOnly))
        {
            throw Unsupported(root, "architectures", $"is {MessageList.Of([.. architectures])}");
        }

        return type == "llama4" && (architectures.Count == 0 || architectures.Contains(Multimodal));
    }

    private static int? ImageId(JsonSection root, bool multimodal, int vocabulary)
    {
        var key = IdKey(root, "image_token");
        return multimodal ? root.Int(key, 200092, 0, vocabulary - 1) : root.OptionalInt(key, 0, vocabulary - 1);
    }

    // Small models without markers leave the key out, and the class default lies beyond their vocabulary.
    private static int? MarkerId(JsonSection root, string name, int fallback, int vocabulary) =>
        root.OptionalInt(IdKey(root, name), 0, vocabulary - 1) ?? (fallback < vocabulary ? fallback : null);

    // transformers knows both names and writes the first.
    private static string IdKey(JsonSection root, string name) => root.Has($"{name}_id") && !root.Has($"{name}_index") ? $"{name}_id" : $"{name}_index";

    private static JsonSection? Part(JsonSection root, string key, string type)
    {
        var part = root.Section(key);
        return part?.OptionalText("model_type") is { } given && given != type
            ? throw part.Bad("model_type", $"is {given}; only {type} is supported", "Use a Llama 4 checkpoint.")
            : part;
    }

    private static PipelineException Unsupported(JsonSection root, string key, string problem) =>
        root.Bad(key, $"{problem}; models of type llama4 ({Multimodal}) and llama4_text ({TextOnly}) are read", "Use a Llama 4 checkpoint.");
}
