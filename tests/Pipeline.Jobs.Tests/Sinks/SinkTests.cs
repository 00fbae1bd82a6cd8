using System.Text;
using Pipeline.Jobs.Sinks;

namespace Pipeline.Jobs.Tests.Sinks;

public sealed class SinkTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task One_caption_stands_alone_and_is_streamed()
    {
        using var output = new MemoryStream();
        await using (var sink = new StreamSink(output, "standard output", ResultFormat.Of(OutputFormat.Text, single: true)))
        {
            await sink.StreamAsync(Results.Input(0), "a \u001b[31mred", default);
            Assert.Equal("a \\u001b[31mred", Text(output));
            await sink.WriteAsync(Results.Input(0), Results.Caption(0) with { Text = "a \u001b[31mred cat\nsits" }, default);
        }

        Assert.Equal("a \\u001b[31mred cat\nsits\n", Text(output));
    }

    [Fact]
    public async Task A_streamed_caption_that_fails_ends_its_line()
    {
        using var output = new MemoryStream();
        await using (var sink = new StreamSink(output, "standard output", ResultFormat.Of(OutputFormat.Text, single: true)))
        {
            await sink.StreamAsync(Results.Input(0), "half a", default);
            await sink.WriteAsync(Results.Input(0), Results.Failed(0), default);
        }

        Assert.Equal("half a\n", Text(output));
    }

    [Fact]
    public async Task A_stream_that_takes_nothing_ends_the_run_with_its_name()
    {
        var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        await using var sink = new StreamSink(full, "standard output", ResultFormat.Of(OutputFormat.Jsonl, single: false));
        var failure = await Assert.ThrowsAsync<PipelineException>(async () => await sink.WriteAsync(Results.Input(0), Results.Caption(0), default));

        Assert.Equal("standard output: No space left on device", failure.Message);
        Assert.Equal(FailureKind.Outside, failure.Kind);
    }

    [Fact]
    public async Task A_file_grows_beside_its_name_and_takes_it_at_the_end()
    {
        var sink = new FileSink(_folder.File("out.txt"), force: false, ResultFormat.Of(OutputFormat.Text, single: false));
        await sink.WriteAsync(Results.Input(0), Results.Caption(0), default);

        Assert.Equal("clip-0.mp4\ta cat\n", File.ReadAllText(_folder.File("out.txt.partial")));
        Assert.False(File.Exists(_folder.File("out.txt")));
        Assert.Equal(_folder.File("out.txt.partial"), sink.Unfinished);

        await sink.CompleteAsync(default);
        await sink.DisposeAsync();
        Assert.Null(sink.Unfinished);
        Assert.Equal(["out.txt"], Directory.GetFiles(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_run_that_is_cut_off_leaves_its_results_and_nothing_without_any()
    {
        await using (var sink = OpenFile("kept.txt"))
        {
            await sink.WriteAsync(Results.Input(0), Results.Caption(0), default);
        }

        await using (OpenFile("empty.txt"))
        {
        }

        Assert.Equal(["kept.txt.partial"], Directory.GetFiles(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_run_without_a_result_leaves_no_file()
    {
        await using (var sink = OpenFile("out.txt"))
        {
            await sink.WriteAsync(Results.Input(0), Results.Failed(0), default);
            await sink.CompleteAsync(default);
        }

        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Theory]
    [InlineData("out.txt")]
    [InlineData("out.txt.partial")]
    public async Task What_is_there_is_overwritten_only_by_force(string there)
    {
        _folder.With(there);
        Assert.Equal("output.exists", Assert.Throws<PipelineException>(() => OpenFile("out.txt")).Code);

        await using var sink = new FileSink(_folder.File("out.txt"), force: true, ResultFormat.Of(OutputFormat.Text, single: true));
        await sink.WriteAsync(Results.Input(0), Results.Caption(0), default);
        await sink.CompleteAsync(default);
        Assert.Equal("a cat\n", File.ReadAllText(_folder.File("out.txt")));
    }

    [RootFact]
    public async Task A_full_disk_keeps_whole_results_only()
    {
        using var disk = new SmallDisk(_folder.File("disk"), bytes: 16 << 10);
        await using var sink = new FileSink(_folder.File("disk/out.jsonl"), force: false, ResultFormat.Of(OutputFormat.Jsonl, single: false));
        var written = 0;
        var failure = await Assert.ThrowsAsync<PipelineException>(async () =>
        {
            for (; ; written++)
            {
                await sink.WriteAsync(Results.Input(written), Results.Caption(written), default);
            }
        });

        Assert.Equal($"{_folder.File("disk/out.jsonl")}: No space left on device", failure.Message);
        var kept = File.ReadAllText(sink.Unfinished!);
        Assert.EndsWith("}\n", kept, StringComparison.Ordinal);
        Assert.Equal(written, kept.Count(letter => letter == '\n'));
    }

    [RootFact]
    public async Task A_full_disk_leaves_no_half_file_in_a_folder()
    {
        using var disk = new SmallDisk(_folder.File("disk"), bytes: 16 << 10);
        var sink = new FolderSink(
            new OutputFolder(_folder.File("disk"), ".txt", Force: false, SkipExisting: false), ResultFormat.Of(OutputFormat.Text, single: true));
        var long_ = Results.Caption(0) with { Text = new string('x', 9000) };
        await sink.WriteAsync(Results.Input(0), long_, default);
        await Assert.ThrowsAsync<PipelineException>(async () => await sink.WriteAsync(Results.Input(1), long_, default));

        Assert.Equal(["clip-0.txt"], Directory.GetFiles(_folder.File("disk")).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_folder_takes_a_file_for_each_caption_and_none_for_a_failure()
    {
        var format = ResultFormat.Of(OutputFormat.Srt, single: true);
        await using var sink = new FolderSink(new OutputFolder(_folder.File("out"), format.Extension, Force: false, SkipExisting: false), format);
        await sink.WriteAsync(Results.Input(0) with { OutputName = "a/x" }, Results.Caption(0), default);
        await sink.WriteAsync(Results.Input(1) with { OutputName = "a/y" }, Results.Failed(1), default);
        await sink.CompleteAsync(default);

        Assert.Equal("1\n00:00:00,000 --> 00:00:02,000\na cat\n\n", File.ReadAllText(_folder.File("out/a/x.srt")));
        Assert.Equal(["x.srt"], Directory.GetFiles(_folder.File("out/a")).Select(Path.GetFileName));
    }

    private FileSink OpenFile(string name) => new(_folder.File(name), force: false, ResultFormat.Of(OutputFormat.Text, single: false));

    private static string Text(MemoryStream output) => Encoding.UTF8.GetString(output.ToArray());
}
