using System.Text.Json;

namespace Pipeline.Checkpoints;

/// <summary>
/// Reads processor settings key by key from processor_config.json (transformers 5 nests <c>image_processor</c> and
/// <c>video_processor</c> in it), else preprocessor_config.json and video_preprocessor_config.json. Defaults are those of
/// transformers' <c>Llama4ImageProcessor</c> and <c>Llama4Processor</c>, except that sizes come from the vision encoder, which
/// admits no others.
/// </summary>
internal sealed class ProcessorConfigReader
{
    private const string ImagePlaceholder = "<|image|>";
    private const int MaxTiles = 1024;
    private const int MaxFrames = 1 << 16;

    private readonly List<JsonSection> _image;
    private readonly List<JsonSection> _video;
    private readonly VisionConfig _vision;

    private ProcessorConfigReader(string directory, VisionConfig vision)
    {
        var processor = JsonSection.FromFile(Path.Combine(directory, "processor_config.json"));
        var image = JsonSection.FromFile(Path.Combine(directory, "preprocessor_config.json"));
        var video = JsonSection.FromFile(Path.Combine(directory, "video_preprocessor_config.json"));
        _image = [.. new[] { processor?.Section("image_processor"), processor, image }.OfType<JsonSection>()];
        _video = [.. new[] { processor?.Section("video_processor"), processor, video }.OfType<JsonSection>()];
        _vision = vision;
    }

    public static ProcessorConfig Read(string directory, VisionConfig vision, List<string> unknown)
    {
        var reader = new ProcessorConfigReader(directory, vision);
        var config = reader.Read();
        foreach (var section in reader._image.Union(reader._video))
        {
            ProcessorKeys.Table.Check(section, unknown);
        }

        return config;
    }

    private ProcessorConfig Read()
    {
        RequireOnly("image_processor_type", value => IsText(value, "Llama4ImageProcessor", "Llama4ImageProcessorFast"));
        RequireOnly("processor_class", value => IsText(value, "Llama4Processor"));
        RequireOnly("do_resize", KeyTable.IsTrue);
        RequireOnly("resample", value => IsBilinear(value));
        RequireOnly("fake_image_token", value => IsText(value, Token("image_token", ImagePlaceholder)));
        RequireEncoders("patch_size", Pick(_image, "patch_size")?.OptionalInt("patch_size", 1, int.MaxValue), _vision.PatchSize);
        RequireEncoders("pixel_shuffle_ratio", Pick(_image, "pixel_shuffle_ratio")?.OptionalNumber("pixel_shuffle_ratio", 0, 1), _vision.PixelShuffleRatio);
        RequireEncoders("size", TileSize(), _vision.ImageSize);
        var normalize = Flag("do_normalize", fallback: true);
        return new ProcessorConfig(
            _vision.ImageSize,
            _vision.PatchSize,
            _vision.PixelShuffleRatio,
            Pick(_image, "max_patches")?.Int("max_patches", 16, 1, MaxTiles) ?? 16,
            Flag("resize_to_max_canvas", fallback: false),
            Channels("image_mean", 0.5f, normalize ? null : 0),
            Channels("image_std", 0.5f, normalize ? null : 1),
            RescaleFactor(),
            Pick(_video, "num_frames")?.OptionalInt("num_frames", 1, MaxFrames),
            Token("image_token", ImagePlaceholder),
            Token("start_of_image_token", "<|image_start|>"),
            Token("end_of_image_token", "<|image_end|>"),
            Token("patch_token", "<|patch|>"),
            Token("tile_x_separator_token", "<|tile_x_separator|>"),
            Token("tile_y_separator_token", "<|tile_y_separator|>"));
    }

    /// <summary>The first section that has a key; the others' keys of that name count as read, being overruled.</summary>
    private static JsonSection? Pick(IEnumerable<JsonSection> sections, string key) => sections.Where(section => section.Has(key)).ToArray().FirstOrDefault();

    private bool Flag(string key, bool fallback) => Pick(_image, key)?.Flag(key, fallback) ?? fallback;

    private string Token(string key, string fallback) => Pick(_image, key) is not { } section ? fallback
        : section.Text(key, fallback) is { Length: > 0 } token ? token
        : throw section.Bad(key, "is empty");

    private void RequireOnly(string key, Func<JsonElement, bool> isSupported)
    {
        if (Pick(_image, key) is { } section && section.Get(key) is { } value && !isSupported(value))
        {
            throw section.Bad(key, $"is {JsonSection.Short(value)}, which is not supported", "Use the processor settings of a Llama 4 checkpoint.");
        }
    }

    private void RequireEncoders<T>(string key, T? value, T encoders)
        where T : struct
    {
        if (value is { } given && !given.Equals(encoders))
        {
            throw Pick(_image, key)!.Bad(key, $"is {given}, the vision encoder of config.json has {encoders}");
        }
    }

    private static bool IsText(JsonElement value, params string[] texts) => value.ValueKind == JsonValueKind.String && texts.Contains(value.GetString());

    // 2 is PIL's number for bilinear.
    private static bool IsBilinear(JsonElement value) => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number == 2;

    private int? TileSize()
    {
        const string key = "size";
        if (Pick(_image, key) is not { } section)
        {
            return null;
        }

        if (section.Get(key) is not { ValueKind: JsonValueKind.Object })
        {
            return section.OptionalInt(key, 1, int.MaxValue);
        }

        var size = section.Section(key)!;
        var height = size.OptionalInt("height", 1, int.MaxValue);
        return height is not null && height == size.OptionalInt("width", 1, int.MaxValue)
            ? height
            : throw section.Bad(key, "is not a square of height and width", "Use the processor settings of a Llama 4 checkpoint.");
    }

    private double RescaleFactor()
    {
        var factor = Pick(_image, "rescale_factor")?.OptionalNumber("rescale_factor", 1e-9, 1e9) ?? (1.0 / 255);
        return Flag("do_rescale", fallback: true) ? factor : 1;
    }

    private float[] Channels(string key, float fallback, float? instead)
    {
        var section = Pick(_image, key);
        var values = section?.Get(key) switch
        {
            null => null,
            { ValueKind: JsonValueKind.Array } => section.Floats(key),
            _ => Enumerable.Repeat((float)section.Number(key, fallback, float.MinValue, float.MaxValue), _vision.Channels).ToArray(),
        };
        if (values is not null && (values.Count != _vision.Channels || (key == "image_std" && values.Contains(0))))
        {
            throw section!.Bad(key, $"must be {_vision.Channels} numbers, one a channel{(key == "image_std" ? ", none of them 0" : "")}");
        }

        return instead is { } value ? [value, value, value] : values?.ToArray() ?? [fallback, fallback, fallback];
    }
}
