using CsCheck;
using Pipeline.Jobs.Sources;

namespace Pipeline.Jobs.Tests.Sources;

public sealed class FolderWalkTests
{
    [Fact]
    public void Any_tree_is_walked_in_ordinal_order_however_few_names_are_held()
    {
        var name = Gen.OneOf(Gen.Const("a"), Gen.Const("b"), Gen.Const("a-b"), Gen.Const("A"), Gen.Const("é"), Gen.Const("aa"), Gen.Const("b.mp4"), Gen.Const("a.b"));
        var file = Gen.Select(name.Array[0, 3], name).Select((folders, last) => string.Join('/', [.. folders.Select(f => f + "+"), last]));

        Gen.Select(file.Array[0, 20], Gen.Int[1, 5]).Sample(
            (files, held) =>
            {
                using var folder = new TemporaryFolder().With(files);
                var walked = new FolderWalk(folder.Path, _ => true, held).Files().Select(found => found.RelativePath).ToList();
                return walked.SequenceEqual(files.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
            },
            iter: 100);
    }
}
