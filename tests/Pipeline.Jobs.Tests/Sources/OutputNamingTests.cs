using CsCheck;
using Pipeline.Jobs.Sources;

namespace Pipeline.Jobs.Tests.Sources;

public sealed class OutputNamingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new TemporaryFolder().With(
        "here/a/x.mp4", "here/a/x.mkv", "here/a/y.png", "here/b/x.mp4", "there/x.mp4", "there/c/z.mp4");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a/x.mp4", "a/x")] // below the working folder: as spelled
    [InlineData("a/x.mp4 b/x.mp4", "a/x b/x")]
    [InlineData("a/x.mp4 a/x.mkv a/y.png", "a/x.mp4 a/x.mkv a/y")] // two share a name
    [InlineData("a", "x.mkv x.mp4 y")] // one folder: below it
    [InlineData("a b", "a/x.mkv a/x.mp4 a/y b/x")]
    [InlineData("a/*.mp4", "a/x")] // the .mkv beside it is no source
    [InlineData("../there/x.mp4", "x")] // elsewhere: below what holds all
    [InlineData("../there/x.mp4 ../there/c/z.mp4", "x c/z")]
    [InlineData("../there a/y.png", "there/c/z there/x here/a/y")]
    [InlineData("/ROOT/here/a/x.mp4 /ROOT/there/x.mp4", "here/a/x there/x")]
    public void A_result_lies_where_its_source_lies(string paths, string names)
    {
        var spelled = paths.Replace("/ROOT", _folder.Path, StringComparison.Ordinal).Split(' ');
        var source = new FileSource(spelled, _folder.File("here"), null);

        Assert.Equal(names.Split(' '), source.Select(input => input.OutputName));
    }

    [Fact]
    public void No_name_leaves_the_output_folder()
    {
        var segment = Gen.OneOf(Gen.Const(".."), Gen.Const("."), Gen.Const("a"), Gen.Const("b"), Gen.Const("here"), Gen.Const("there"), Gen.Const("c"), Gen.Const("x.mp4"), Gen.Const("z.mp4"), Gen.Const(""));
        var path = Gen.Select(Gen.Bool, segment.Array[1, 6]).Select((absolute, parts) =>
            (absolute ? _folder.Path + "/" : "") + string.Join('/', parts));

        path.Where(StaysInside).Array[1, 3].Sample(
            paths => new FileSource(paths, _folder.File("here"), null)
                .Where(input => input.Error is null)
                .All(input => Path.GetFullPath(Path.Join("/out", input.OutputName)).StartsWith("/out/", StringComparison.Ordinal)),
            iter: 300);
    }

    private bool StaysInside(string spelled) =>
        spelled.Length > 0 && Path.GetFullPath(spelled, _folder.File("here")).StartsWith(_folder.Path, StringComparison.Ordinal);
}
