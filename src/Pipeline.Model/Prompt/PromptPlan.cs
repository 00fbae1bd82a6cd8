namespace Pipeline.Model;

/// <summary>Ids of the tokens that lay out an image in a prompt.</summary>
/// <param name="Image">Placeholder of an image in an encoded prompt; in the expanded one it announces the last tile.</param>
/// <param name="ImageStart">Before an image.</param>
/// <param name="ImageEnd">After an image.</param>
/// <param name="Patch">Stands where a visual token is put in.</param>
/// <param name="TileXSeparator">Between tiles of a row.</param>
/// <param name="TileYSeparator">After each row of tiles.</param>
public sealed record ImageTokens(int Image, int ImageStart, int ImageEnd, int Patch, int TileXSeparator, int TileYSeparator);

/// <summary>How a picture was cut: rows by columns of tiles, and a global tile last where there is more than one.</summary>
public readonly record struct TileGrid(int Rows, int Columns)
{
    /// <summary>Tiles, the global one among them.</summary>
    public int Tiles => Rows * Columns == 1 ? 1 : (Rows * Columns) + 1;
}

/// <summary>A run of a prompt that is prefilled from one source: token ids, or the visual tokens of one tile.</summary>
/// <param name="Start">Position of its first row in the prompt.</param>
/// <param name="Length">Rows.</param>
/// <param name="Picture">Index of the picture whose tile fills it; null for text.</param>
/// <param name="Tile">Tile of that picture, row by row, the global one last; 0 for text.</param>
public readonly record struct PromptSegment(int Start, int Length, int? Picture, int Tile);

/// <summary>
/// A prompt with its pictures fused in (early fusion): where transformers' Llama4Processor repeats the patch token, the
/// visual tokens of a tile take its place.
/// </summary>
/// <param name="Ids">All token ids; the patch token where a visual token stands.</param>
/// <param name="Segments">Text and tiles in order, without gaps.</param>
public sealed record PromptPlan(IReadOnlyList<int> Ids, IReadOnlyList<PromptSegment> Segments)
{
    /// <summary>Positions that the prompt takes.</summary>
    public int Length => Ids.Count;

    /// <summary>A prompt of text alone.</summary>
    public static PromptPlan Text(IReadOnlyList<int> ids) =>
        new(ids, ids.Count == 0 ? [] : [new PromptSegment(Start: 0, ids.Count, Picture: null, Tile: 0)]);

    /// <summary>Expands each image placeholder to the layout of its picture.</summary>
    /// <param name="ids">The encoded prompt, with one placeholder a picture.</param>
    /// <param name="pictures">The pictures in the order of their placeholders.</param>
    /// <param name="tokens">Ids of the layout's tokens.</param>
    /// <param name="tokensPerTile">Visual tokens of a tile.</param>
    /// <exception cref="PipelineException">Placeholders and pictures differ in number, or the prompt holds a patch token of its own.</exception>
    public static PromptPlan Fuse(IReadOnlyList<int> ids, IReadOnlyList<TileGrid> pictures, ImageTokens tokens, int tokensPerTile)
    {
        var placeholders = ids.Count(id => id == tokens.Image);
        if (placeholders != pictures.Count)
        {
            throw new PipelineException(
                "prompt.images",
                $"the prompt has {placeholders} image placeholders for {pictures.Count} pictures",
                "the chat template or the raw prompt must name each picture exactly once");
        }

        if (ids.Contains(tokens.Patch))
        {
            throw new PipelineException(
                "prompt.patch-token",
                $"the prompt spells the patch token (id {tokens.Patch}), which only a picture may stand for",
                "remove the patch token from the prompt");
        }

        var layout = new PromptLayout(tokens, tokensPerTile);
        var picture = 0;
        foreach (var id in ids)
        {
            if (id == tokens.Image)
            {
                layout.AddPicture(picture, pictures[picture]);
                picture++;
            }
            else
            {
                layout.AddToken(id);
            }
        }

        return layout.ToPlan();
    }
}
