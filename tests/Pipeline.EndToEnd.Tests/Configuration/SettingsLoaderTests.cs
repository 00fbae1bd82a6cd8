using Pipeline.Composition;
using Pipeline.Configuration;
using Pipeline.Engine.Configuration;

namespace Pipeline.EndToEnd.Tests.Configuration;

public sealed class SettingsLoaderTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void Each_layer_lies_over_the_one_before()
    {
        File.WriteAllText(_file, "pipeline.decoder { sessions = 5\n kv-bytes = 5MiB\n page-tokens = 5 }\npipeline.jobs.windows-in-flight = 5");
        var options = Load(
            new SettingsArguments(
                "low-memory", _file, ["pipeline.decoder.page-tokens=7", "pipeline.jobs.windows-in-flight=7"],
                [("--concurrency", "pipeline.jobs.windows-in-flight", "8")]),
            ("PIPELINE__DECODER__KV_BYTES", "6MiB"),
            ("PIPELINE__DECODER__PAGE_TOKENS", "6"));

        Assert.Equal(4, options.Media.FramesInFlight); // profile over reference
        Assert.Equal(5, options.Decoder.Sessions); // file over profile
        Assert.Equal(6L << 20, options.Decoder.KvBytes); // environment over file
        Assert.Equal(7, options.Decoder.PageTokens); // --set over environment
        Assert.Equal(8, options.Jobs.WindowsInFlight); // option over --set
    }

    [Theory]
    [InlineData("say \"hi\"")]
    [InlineData("C:\\models\\scout")]
    [InlineData("/a b/#1 {x} ${y} = z")]
    public void A_value_on_the_command_line_is_taken_as_it_is(string value) =>
        Assert.Equal(value, Load(new SettingsArguments(null, null, ["pipeline.model.path=" + value], [])).Model.Path);

    [Theory]
    [InlineData("pipeline {\n  log {\n    level = debug\n", 2, "a { that does not close")]
    [InlineData("pipeline.log.level = debug }", 1, "a } that closes nothing")]
    [InlineData("akka.loggers = [\"a\",\n", 1, "a [ that does not close")]
    [InlineData("# settings\npipeline.log.level debug\n", 2, "\"pipeline.log.level debug\" is neither a setting nor a block")]
    [InlineData("pipeline.log.file = \"run.log", 1, "a quote that does not close")]
    public void A_file_that_is_not_HOCON_is_refused_with_its_line(string text, int line, string what)
    {
        File.WriteAllText(_file, text);
        var failure = Assert.Throws<SettingsException>(() => Load(new SettingsArguments(null, _file, [], [])));

        Assert.Equal($"{_file}: line {line}: {what}", failure.Message);
    }

    [Fact]
    public void Comments_and_quoted_brackets_are_no_matter()
    {
        File.WriteAllText(_file, "# {\npipeline.log.file = \"a } \\\" [ # b\" // {\n\n");

        Assert.Equal("a } \" [ # b", Load(new SettingsArguments(null, _file, [], [])).Log.File);
    }

    private static PipelineOptions Load(SettingsArguments arguments, params (string Name, string Value)[] environment) => Settings.Load(
        arguments,
        model: null,
        new Terminal.Surroundings(
            Stream.Null, TextWriter.Null, false, false, environment.ToDictionary(variable => variable.Name, variable => variable.Value, StringComparer.Ordinal),
            "/", CancellationToken.None)).Options;
}
