using System.Text.Json;
using CsCheck;

namespace Pipeline.Model.Tests;

public sealed class PromptPlanTests
{
    private static readonly ImageTokens Tokens =
        new(Image: 200090, ImageStart: 200080, ImageEnd: 200081, Patch: 200092, TileXSeparator: 200084, TileYSeparator: 200085);

    [Fact]
    public void Pictures_are_laid_out_as_the_reference_does_it()
    {
        using var cases = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(SharedData.Root, "tests/data/images/cases.json")));
        Assert.True(cases.RootElement.GetArrayLength() > 20);
        foreach (var each in cases.RootElement.EnumerateArray())
        {
            var expected = each.GetProperty("input_id_runs").EnumerateArray().SelectMany(run => Enumerable.Repeat(run[0].GetInt32(), run[1].GetInt32())).ToArray();
            var (before, after) = (expected[0], expected[^1]);
            var grid = each.GetProperty("rows_columns");
            var picture = new TileGrid(grid[0].GetInt32(), grid[1].GetInt32());
            var patches = each.GetProperty("tile").GetInt32() / 14;

            var plan = PromptPlan.Fuse([before, Tokens.Image, after], [picture], Tokens, patches * patches / 4);

            Assert.Equal(expected, plan.Ids);
            Assert.Equal(each.GetProperty("tiles")[0].GetInt32(), picture.Tiles);
            Assert.Equal(picture.Tiles, plan.Segments.Count(segment => segment.Picture == 0));
        }
    }

    [Fact]
    public void Segments_cover_the_prompt_and_name_each_tile_once_in_order()
    {
        var picture = Gen.Select(Gen.Int[1, 4], Gen.Int[1, 4], (rows, columns) => new TileGrid(rows, columns));
        Gen.Select(Gen.Int[0, 99].Array[0, 5].Array[1, 5], picture.Array[4], Gen.Int[1, 9]).Sample((texts, grids, tokensPerTile) =>
        {
            var pictures = grids[..(texts.Length - 1)];
            var ids = texts.SelectMany((text, i) => i == 0 ? text : [Tokens.Image, .. text]).ToArray();

            var plan = PromptPlan.Fuse(ids, pictures, Tokens, tokensPerTile);

            var position = 0;
            foreach (var segment in plan.Segments)
            {
                Assert.Equal(position, segment.Start);
                Assert.True(segment.Length > 0);
                position += segment.Length;
                var run = plan.Ids.Skip(segment.Start).Take(segment.Length);
                Assert.All(run, id => Assert.Equal(segment.Picture is not null, id == Tokens.Patch));
            }

            Assert.Equal(plan.Length, position);
            Assert.Equal(
                pictures.SelectMany((grid, i) => Enumerable.Range(0, grid.Tiles).Select(tile => ((int?)i, tile, tokensPerTile))),
                plan.Segments.Where(segment => segment.Picture is not null).Select(segment => (segment.Picture, segment.Tile, segment.Length)));
            Assert.Equal(texts.SelectMany(text => text), plan.Ids.Where(id => id < 100));
        });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void Placeholders_and_pictures_must_be_as_many(int pictures)
    {
        var error = Assert.Throws<PipelineException>(() =>
            PromptPlan.Fuse([1, Tokens.Image, 2], new TileGrid[pictures], Tokens, tokensPerTile: 4));

        Assert.Equal("prompt.images", error.Code);
        Assert.Contains($"1 image placeholders for {pictures} pictures", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_patch_token_in_the_text_is_refused() =>
        Assert.Equal("prompt.patch-token", Assert.Throws<PipelineException>(() => PromptPlan.Fuse([1, Tokens.Patch], [], Tokens, 4)).Code);

    [Fact]
    public void Text_alone_is_one_segment()
    {
        Assert.Equal([new PromptSegment(0, 3, null, 0)], PromptPlan.Text([5, 6, 7]).Segments);
        Assert.Equal([new PromptSegment(0, 3, null, 0)], PromptPlan.Fuse([5, 6, 7], [], Tokens, 4).Segments);
        Assert.Empty(PromptPlan.Text([]).Segments);
    }
}
