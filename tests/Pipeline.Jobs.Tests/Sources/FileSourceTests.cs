using Pipeline.Jobs.Sinks;
using Pipeline.Jobs.Sources;

namespace Pipeline.Jobs.Tests.Sources;

public sealed class FileSourceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_folder_gives_its_media_in_ordinal_order_of_their_paths()
    {
        _folder.With("in/b.mp4", "in/a/z.png", "in/a-b.mp4", "in/B.mkv", "in/notes.txt", "in/.hidden.mp4", "in/.git/x.mp4", "in/a/.y.mp4");
        var source = Source(null, "in/");

        Assert.Equal(["in/B.mkv", "in/a-b.mp4", "in/a/z.png", "in/b.mp4"], source.Select(input => input.Source));
        Assert.Equal(1, source.Skipped);
    }

    [Fact]
    public void Inputs_are_numbered_and_carry_absolute_paths()
    {
        _folder.With("x.mp4", "y.mp4");
        var inputs = Source(null, "y.mp4", "x.mp4").ToList();

        Assert.Equal([0, 1], inputs.Select(input => input.Index));
        Assert.Equal([_folder.File("y.mp4"), _folder.File("x.mp4")], inputs.Select(input => input.Path));
    }

    [Fact]
    public void A_link_back_to_a_folder_above_is_left_out_and_other_links_are_followed()
    {
        _folder.With("in/a/x.mp4", "elsewhere/y.mp4");
        Directory.CreateSymbolicLink(_folder.File("in/a/loop"), _folder.File("in"));
        Directory.CreateSymbolicLink(_folder.File("in/other"), _folder.File("elsewhere"));
        Directory.CreateSymbolicLink(_folder.File("through"), _folder.Path);
        Directory.CreateSymbolicLink(_folder.File("in/a/roundabout"), _folder.File("through/in"));

        Assert.Equal(["in/a/x.mp4", "in/other/y.mp4"], Source(null, "in").Select(input => input.Source));
    }

    [Fact]
    public void Without_a_known_extension_the_first_bytes_decide()
    {
        _folder.With("in/empty");
        File.WriteAllBytes(_folder.File("in/clip"), [0, 0, 0, 24, .. "ftypisom"u8, 0, 0, 0, 0]);
        File.WriteAllBytes(_folder.File("in/song.m4a"), [0, 0, 0, 24, .. "ftypM4A "u8, 0, 0, 0, 0]);
        File.WriteAllBytes(_folder.File("in/photo.data"), [0x89, .. "PNG\r\n"u8, 0x1a, 0x0a, 0, 0, 0, 13, .. "IHDR"u8]);
        File.WriteAllText(_folder.File("in/module.ts"), "export const answer = 42; // TypeScript, not a transport stream");

        var source = Source(null, "in");
        Assert.Equal(["in/clip", "in/photo.data"], source.Select(input => input.Source));
        Assert.Equal(3, source.Skipped);
    }

    [Fact]
    public void A_named_file_is_taken_whatever_it_is_called()
    {
        _folder.With("notes.txt", "-x.mp4", "http:/a.mp4", "50%d.mp4", "[1].mp4");
        var inputs = Source(null, "notes.txt", "-x.mp4", "http:/a.mp4", "50%d.mp4", "[1].mp4").ToList();

        Assert.All(inputs, input => Assert.Null(input.Error));
        Assert.Equal(["notes.txt", "-x.mp4", "http:/a.mp4", "50%d.mp4", "[1].mp4"], inputs.Select(input => input.Source));
    }

    [Fact]
    public void What_is_not_there_fails_in_its_place()
    {
        _folder.With("x.mp4", "empty/readme.txt");
        var inputs = Source(null, "gone.mp4", "x.mp4", "empty", "*.mkv").ToList();

        Assert.Equal(["source.missing", null, "source.empty", "source.empty"], inputs.Select(input => input.Error?.Code));
        Assert.Equal("no such file or folder", CaptionFailed.From(inputs[0], inputs[0].Error!).Message);
        Assert.Equal("no picture or video there (1 other file skipped)", CaptionFailed.From(inputs[2], inputs[2].Error!).Message);
    }

    [Fact]
    public void A_name_that_is_not_utf8_is_told_from_a_missing_file()
    {
        _folder.With("in/x.mp4");
        Shell("""mkdir "$0/in/$(printf 'd\377')" && touch "$0/in/$(printf 'a\377.mp4')" "$0/in/$(printf 'n\377.txt')" """);
        var source = Source(null, "in/a\uFFFD.mp4", "in");
        var inputs = source.ToList();
        Shell("""rm -r "$0/in" """); // the runtime cannot delete what it cannot name

        Assert.Equal(
            ["in/a\uFFFD.mp4 source.name", "in/a\uFFFD.mp4 source.name", "in/d\uFFFD source.name", "in/x.mp4 "],
            inputs.Select(input => $"{input.Source} {input.Error?.Code}"));
        Assert.Equal(1, source.Skipped);
    }

    [Theory]
    [InlineData("*.mp4", "a.mp4", "b1.mp4", "b2.mp4")]
    [InlineData("b?.mp4", "b1.mp4", "b2.mp4")]
    [InlineData("b[2-9].mp4", "b2.mp4")]
    [InlineData("b[!2].mp4", "b1.mp4")]
    [InlineData("**/c.mp4", "d/c.mp4", "d/e/c.mp4")]
    [InlineData("d/**", "d/c.mp4", "d/e/c.mp4", "d/e/f.png")]
    [InlineData("./*/*.mp4", "d/c.mp4")]
    [InlineData("*/e/*", "d/e/c.mp4", "d/e/f.png")]
    public void A_pattern_takes_what_it_matches(string pattern, params string[] expected)
    {
        _folder.With("a.mp4", "b1.mp4", "b2.mp4", "n.txt", "d/c.mp4", "d/e/c.mp4", "d/e/f.png", ".h/c.mp4");

        Assert.Equal(expected, Source(null, pattern).Select(input => input.Source));
    }

    [Fact]
    public void Files_are_found_as_they_are_asked_for()
    {
        _folder.With("in/a.mp4");
        using var inputs = Source(null, "in", "late.mp4").GetEnumerator();
        Assert.True(inputs.MoveNext());
        _folder.With("late.mp4");

        Assert.True(inputs.MoveNext());
        Assert.Null(inputs.Current.Error);
    }

    [Fact]
    public void Results_that_are_there_are_refused_or_left_out()
    {
        _folder.With("in/a.mp4", "in/b.mp4", "out/a.srt");

        var refusing = Source(Output(), "in").ToList();
        Assert.Equal(["output.exists", null], refusing.Select(input => input.Error?.Code));

        var skipping = Source(Output() with { SkipExisting = true }, "in");
        Assert.Equal([(0, "in/b.mp4")], skipping.Select(input => (input.Index, input.Source)));
        Assert.Equal(1, skipping.AlreadyDone);

        Assert.All(Source(Output() with { Force = true }, "in"), input => Assert.Null(input.Error));
    }

    private void Shell(string script)
    {
        using var shell = System.Diagnostics.Process.Start("sh", ["-c", script, _folder.Path]);
        shell.WaitForExit();
    }

    private OutputFolder Output() => new(_folder.File("out"), ".srt", Force: false, SkipExisting: false);

    private FileSource Source(OutputFolder? output, params string[] paths) => new(paths, _folder.Path, output);
}
