namespace Pipeline.Checkpoints.Tests;

/// <summary>Processor settings, key by key from the files that may hold them.</summary>
public sealed class ProcessorConfigTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public ProcessorConfigTests()
    {
        RandomCheckpoint.Write(_folder.Path, new RandomCheckpointOptions());
        File.Delete(_folder.File("preprocessor_config.json"));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void WithoutFiles_TheDefaultsHold()
    {
        var config = Read();

        Assert.Equal((56, 14, 0.5, 16, false, (int?)null), (config.TileSize, config.PatchSize, config.PixelShuffleRatio, config.MaxPatches, config.ResizeToMaxCanvas, config.VideoFrames));
        Assert.Equal([0.5f, 0.5f, 0.5f], config.Mean);
        Assert.Equal([0.5f, 0.5f, 0.5f], config.Std);
        Assert.Equal(1.0 / 255, config.RescaleFactor);
        Assert.Equal(
            ("<|image|>", "<|image_start|>", "<|image_end|>", "<|patch|>", "<|tile_x_separator|>", "<|tile_y_separator|>"),
            (config.ImageToken, config.StartOfImageToken, config.EndOfImageToken, config.PatchToken, config.TileXSeparatorToken, config.TileYSeparatorToken));
    }

    [Theory]
    [InlineData("""{"image_processor": {"max_patches": 3}}""", """{"max_patches": 5}""", 3)]
    [InlineData("""{"max_patches": 4}""", """{"max_patches": 5}""", 4)]
    [InlineData("""{"image_processor": {"max_patches": 3}, "max_patches": 4}""", null, 3)]
    [InlineData("""{"image_processor": {"max_patches": null}}""", """{"max_patches": 5}""", 5)]
    [InlineData("{}", """{"max_patches": 5}""", 5)]
    [InlineData(null, """{"max_patches": 5}""", 5)]
    public void TheFirstFileThatHasAKey_Counts(string? processor, string? preprocessor, int expected)
    {
        Write("processor_config.json", processor);
        Write("preprocessor_config.json", preprocessor);

        Assert.Equal(expected, Read().MaxPatches);
    }

    [Theory]
    [InlineData("""{"video_processor": {"num_frames": 12}}""", """{"num_frames": 6}""", 12)]
    [InlineData("{}", """{"num_frames": 6}""", 6)]
    [InlineData(null, """{"num_frames": 6}""", 6)]
    [InlineData(null, "{}", null)]
    public void VideoFrames_ComeFromTheVideoProcessor(string? processor, string? video, int? expected)
    {
        Write("processor_config.json", processor);
        Write("video_preprocessor_config.json", video);

        Assert.Equal(expected, Read().VideoFrames);
    }

    [Fact]
    public void SwitchesOfNormalising_AreHonoured()
    {
        Write("preprocessor_config.json", """{"do_rescale": false, "do_normalize": false, "image_mean": [0.1, 0.2, 0.3]}""");
        var config = Read();

        Assert.Equal(1, config.RescaleFactor);
        Assert.Equal([0f, 0f, 0f], config.Mean);
        Assert.Equal([1f, 1f, 1f], config.Std);
    }

    [Fact]
    public void OneNumberForAllChannels_IsSpread()
    {
        Write("preprocessor_config.json", """{"image_mean": 0.25, "image_std": [0.5, 0.25, 1], "size": 56, "resize_to_max_canvas": true}""");
        var config = Read();

        Assert.Equal([0.25f, 0.25f, 0.25f], config.Mean);
        Assert.Equal([0.5f, 0.25f, 1f], config.Std);
        Assert.True(config.ResizeToMaxCanvas);
    }

    [Fact]
    public void UnknownKeys_AreReported()
    {
        Write("preprocessor_config.json", """{"do_convert_rgb": true, "crop_size": null, "sharpen": 2}""");
        using var checkpoint = Checkpoint.Open(_folder.Path);

        Assert.Equal(["preprocessor_config.json: sharpen"], checkpoint.UnknownKeys);
    }

    [Theory]
    [InlineData("""{"do_resize": false}""", "do_resize is false, which is not supported")]
    [InlineData("""{"resample": 3}""", "resample is 3, which is not supported")]
    [InlineData("""{"do_center_crop": true}""", "do_center_crop is true, which is not supported")]
    [InlineData("""{"image_processor_type": "MllamaImageProcessor"}""", "image_processor_type is \"MllamaImageProcessor\", which is not supported")]
    [InlineData("""{"processor_class": "Gemma3Processor"}""", "processor_class is \"Gemma3Processor\", which is not supported")]
    [InlineData("""{"fake_image_token": "<img>"}""", "fake_image_token is \"<img>\", which is not supported")]
    [InlineData("""{"size": {"height": 336, "width": 336}}""", "size is 336, the vision encoder of config.json has 56")]
    [InlineData("""{"size": {"height": 56, "width": 28}}""", "size is not a square of height and width")]
    [InlineData("""{"size": {"shortest_edge": 56}}""", "size is not a square of height and width")]
    [InlineData("""{"patch_size": 16}""", "patch_size is 16, the vision encoder of config.json has 14")]
    [InlineData("""{"pixel_shuffle_ratio": 0.25}""", "pixel_shuffle_ratio is 0.25, the vision encoder of config.json has 0.5")]
    [InlineData("""{"max_patches": 0}""", "max_patches is 0, outside 1 to 1024")]
    [InlineData("""{"image_mean": [0.5, 0.5]}""", "image_mean must be 3 numbers, one a channel")]
    [InlineData("""{"image_std": [0.5, 0, 0.5]}""", "image_std must be 3 numbers, one a channel, none of them 0")]
    [InlineData("""{"image_std": 0}""", "image_std must be 3 numbers, one a channel, none of them 0")]
    [InlineData("""{"image_std": [1e99, 1, 1]}""", "image_std holds 1e99, not a number")]
    [InlineData("""{"image_token": ""}""", "image_token is empty")]
    [InlineData("""{"image_token": 7}""", "image_token is 7, not a string")]
    [InlineData("""{"rescale_factor": 0}""", "rescale_factor is 0, not a number from 1E-09 to 1000000000")]
    public void ValuesThatDontFit_AreNamed(string json, string problem)
    {
        Write("preprocessor_config.json", json);

        Assert.Equal($"{_folder.File("preprocessor_config.json")}: {problem}", Failures.MessageOf(() => Read()));
    }

    private void Write(string file, string? json)
    {
        if (json is not null)
        {
            File.WriteAllText(_folder.File(file), json);
        }
    }

    private ProcessorConfig Read()
    {
        using var checkpoint = Checkpoint.Open(_folder.Path);
        return checkpoint.Processor!;
    }
}
