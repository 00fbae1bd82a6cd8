using System.Text.Json;

namespace Pipeline.Checkpoints;

/// <summary>Keys of processor settings that no reader honours.</summary>
internal static class ProcessorKeys
{
    private static readonly Dictionary<string, Func<JsonElement, bool>> Refused = new(StringComparer.Ordinal)
    {
        ["do_center_crop"] = KeyTable.IsFalse,
        ["do_pad"] = KeyTable.IsFalse,
        ["do_image_splitting"] = KeyTable.IsFalse,
    };

    /// <summary>
    /// What changes nothing here: pictures always arrive as RGB, crops are off, and how a video's frames are chosen is the
    /// reader's own matter but for their number.
    /// </summary>
    private static readonly HashSet<string> Harmless = new(StringComparer.Ordinal)
    {
        "do_convert_rgb", "crop_size", "pad_size", "default_to_square", "data_format", "input_data_format", "device", "disable_grouping",
        "return_tensors", "image_seq_length", "auto_map", "chat_template", "processor_class", "image_processor_type", "feature_extractor_type",
        "video_processor_type", "do_sample_frames", "return_metadata", "video_metadata", "image_processor", "video_processor",
        "transformers_version", "_valid_processor_keys", "backend",
    };

    public static KeyTable Table { get; } = new(Refused, Harmless, "Use the processor settings of a Llama 4 checkpoint.");
}
