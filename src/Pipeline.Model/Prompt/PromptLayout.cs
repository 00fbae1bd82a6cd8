namespace Pipeline.Model;

/// <summary>Writes a prompt token by token and picture by picture, and remembers where text ends and tiles begin.</summary>
internal sealed class PromptLayout(ImageTokens tokens, int tokensPerTile)
{
    private readonly List<int> _ids = [];
    private readonly List<PromptSegment> _segments = [];
    private int _textStart;

    public void AddToken(int id) => _ids.Add(id);

    public void AddPicture(int picture, TileGrid grid)
    {
        AddToken(tokens.ImageStart);
        var tile = 0;
        if (grid.Tiles > 1)
        {
            for (var row = 0; row < grid.Rows; row++)
            {
                for (var column = 0; column < grid.Columns; column++)
                {
                    AddTile(picture, tile++);
                    AddToken(column < grid.Columns - 1 ? tokens.TileXSeparator : tokens.TileYSeparator);
                }
            }
        }

        AddToken(tokens.Image);
        AddTile(picture, tile);
        AddToken(tokens.ImageEnd);
    }

    public PromptPlan ToPlan()
    {
        EndText();
        return new PromptPlan(_ids, _segments);
    }

    private void AddTile(int picture, int tile)
    {
        EndText();
        _segments.Add(new PromptSegment(_ids.Count, tokensPerTile, picture, tile));
        _ids.AddRange(Enumerable.Repeat(tokens.Patch, tokensPerTile));
        _textStart = _ids.Count;
    }

    private void EndText()
    {
        if (_ids.Count > _textStart)
        {
            _segments.Add(new PromptSegment(_textStart, _ids.Count - _textStart, Picture: null, Tile: 0));
        }
    }
}
