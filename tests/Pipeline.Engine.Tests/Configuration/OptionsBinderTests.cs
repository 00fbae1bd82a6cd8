using System.ComponentModel.DataAnnotations;
using Akka.Configuration;
using Pipeline.Engine.Configuration;

namespace Pipeline.Engine.Tests.Configuration;

public sealed class OptionsBinderTests
{
    public enum Policy
    {
        Never,
        AfterEach,
    }

    public sealed record Inner([property: Range(1, 8)] int FramesInFlight, TimeSpan ChildTimeout, long KvBytes);

    public sealed record Outer(Inner Media, double TopShare, bool Enabled, string Name, Policy Flush);

    private const string Reference = """
        pipeline {
          media {
            frames-in-flight = 4
            child-timeout = 20 s
            kv-bytes = 512MiB
          }
          top-share = 0.5
          enabled = true
          name = ""
          flush = after-each
        }
        """;

    [Fact]
    public void A_block_becomes_its_record()
    {
        var expected = new Outer(new Inner(4, TimeSpan.FromSeconds(20), 512L << 20), 0.5, true, "", Policy.AfterEach);

        Assert.Equal(expected, Bind());
    }

    [Fact]
    public void A_later_layer_wins()
    {
        var bound = Bind(("one.conf", "pipeline.media.frames-in-flight = 5, pipeline.name = one"), ("--set", "pipeline.media.frames-in-flight = \"6\""));

        Assert.Equal(6, bound.Media.FramesInFlight);
        Assert.Equal("one", bound.Name);
    }

    [Theory]
    [InlineData("media.frames-in-flight = 9", "pipeline.media.frames-in-flight = 9 (my.conf): must lie between 1 and 8")]
    [InlineData("media.frames-in-flight = 4.5", "pipeline.media.frames-in-flight = 4.5 (my.conf): expected a whole number")]
    [InlineData("media.frames-in-flight = [1]", "pipeline.media.frames-in-flight = [...] (my.conf): expected a whole number")]
    [InlineData("media.child-timeout = 20", "pipeline.media.child-timeout = 20 (my.conf): expected a time such as 500ms or 20s")]
    [InlineData("media.child-timeout = -1s", "pipeline.media.child-timeout = -1s (my.conf): expected a time such as 500ms or 20s")]
    [InlineData("media.kv-bytes = 12 parsecs", "pipeline.media.kv-bytes = 12 parsecs (my.conf): expected a size such as 512MiB")]
    [InlineData("media.kv-bytes = 99999999999TiB", "pipeline.media.kv-bytes = 99999999999TiB (my.conf): expected a size such as 512MiB")]
    [InlineData("top-share = NaN", "pipeline.top-share = NaN (my.conf): expected a number")]
    [InlineData("enabled = maybe", "pipeline.enabled = maybe (my.conf): expected true or false")]
    [InlineData("flush = sometimes", "pipeline.flush = sometimes (my.conf): expected one of never, after-each")]
    [InlineData("media.frames = 1", "pipeline.media.frames (my.conf): there is no such setting")]
    [InlineData("media.kv-bytes.max = 1", "pipeline.media.kv-bytes.max (my.conf): there is no such setting")]
    public void What_cannot_be_used_is_named_with_its_path_and_origin(string setting, string message)
    {
        var failure = Assert.Throws<SettingsException>(() => Bind(("my.conf", "pipeline." + setting)));

        Assert.Contains(message, failure.Errors.Select(error => error.Message));
    }

    [Fact]
    public void All_that_is_wrong_is_said_at_once_and_an_unknown_key_names_its_neighbours()
    {
        var failure = Assert.Throws<SettingsException>(() => Bind(
            ("my.conf", "pipeline.enabled = 7, pipeline.media.frames = 1"), ("--set", "pipeline.nmae = x")));

        Assert.Equal(3, failure.Errors.Count);
        Assert.Equal("pipeline.media has: child-timeout, frames-in-flight, kv-bytes", failure.Errors[1].Hint);
        Assert.Equal("pipeline has: enabled, flush, media, name, top-share", failure.Errors[2].Hint);
    }

    [Fact]
    public void A_missing_key_is_named()
    {
        var config = new LayeredConfig([new ConfigLayer("reference", ConfigurationFactory.ParseString("pipeline.media.kv-bytes = 1"))]);
        var failure = Assert.Throws<SettingsException>(() => OptionsBinder.Bind<Inner>(config, "pipeline.media"));

        Assert.Equal(
            ["pipeline.media.frames-in-flight: is not set", "pipeline.media.child-timeout: is not set"],
            failure.Errors.Select(error => error.Message));
    }

    [Theory]
    [InlineData("1500", 1500)]
    [InlineData("1.5kB", 1500)]
    [InlineData("1.5 KiB", 1536)]
    [InlineData("2GiB", 2L << 30)]
    public void Sizes_have_units(string text, long bytes) =>
        Assert.Equal(bytes, Bind(("my.conf", $"pipeline.media.kv-bytes = {text}")).Media.KvBytes);

    [Theory]
    [InlineData("500ms", 0.5)]
    [InlineData("0.25 s", 0.25)]
    [InlineData("2m", 120)]
    [InlineData("1h", 3600)]
    public void Times_have_units(string text, double seconds) =>
        Assert.Equal(seconds, Bind(("my.conf", $"pipeline.media.child-timeout = {text}")).Media.ChildTimeout.TotalSeconds);

    private static Outer Bind(params (string Origin, string Text)[] layers) => OptionsBinder.Bind<Outer>(
        new LayeredConfig(layers.Prepend(("reference", Reference))
            .Select(layer => new ConfigLayer(layer.Item1, ConfigurationFactory.ParseString(layer.Item2.Replace(", ", "\n", StringComparison.Ordinal))))),
        "pipeline");
}
