namespace Pipeline.Media;

/// <summary>Turns a picture into the vision encoder's tiles as transformers' <c>Llama4ImageProcessor</c> (torchvision
/// backend) does: same canvas, same 8-bit levels; the normalised values stay float32, where the reference rounds to
/// bfloat16. Safe for several threads; allocates nothing once the sizes have been seen.</summary>
public sealed class ImageTiler
{
    private const int Channels = 3;
    private const int Levels = 256;

    private readonly TilingOptions _options;
    private readonly ResampleWeightCache _weights = new();

    /// <summary>[Channels, Levels]: what each level becomes.</summary>
    private readonly float[] _normalized;

    public ImageTiler(TilingOptions options)
    {
        if (options.TileSize <= 0 || options.MaxTiles <= 0 || options.Mean.Count != Channels || options.Std.Count != Channels)
        {
            throw new ArgumentException("Tiles have a size, a number, and mean and std by channel.", nameof(options));
        }

        _options = options;
        _normalized = new float[Channels * Levels];
        for (var i = 0; i < _normalized.Length; i++)
        {
            var (channel, level) = Math.DivRem(i, Levels);
            _normalized[i] = ((float)(level * options.RescaleFactor) - options.Mean[channel]) / options.Std[channel];
        }
    }

    /// <summary>Floats of one tile: [3, size, size].</summary>
    public int TileLength => Channels * _options.TileSize * _options.TileSize;

    /// <summary>The grid for a picture of this size, in pixels.</summary>
    public TileLayout Plan(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        return TilePlanner.Plan(_options, width, height);
    }

    /// <summary>Writes a picture's tiles, row by row, then the global one.</summary>
    /// <param name="rgb">[height, width, 3], RGB24 without padding between rows.</param>
    /// <param name="layout">What <see cref="Plan"/> gave for this size.</param>
    /// <param name="tiles">[layout.Tiles, 3, size, size]; every value is written.</param>
    public void Tile(ReadOnlySpan<byte> rgb, int width, int height, TileLayout layout, Span<float> tiles)
    {
        if (rgb.Length != checked(width * height * Channels))
        {
            throw new ArgumentException($"{rgb.Length} bytes are not {width}x{height} RGB24.", nameof(rgb));
        }

        if (tiles.Length != checked(layout.Tiles * TileLength))
        {
            throw new ArgumentException($"{tiles.Length} floats are not {layout.Tiles} tiles.", nameof(tiles));
        }

        var local = layout.Rows * layout.Columns;
        Resize(rgb, width, height, layout.ResizedWidth, layout.ResizedHeight, layout.Columns, tiles[..(local * TileLength)]);
        if (layout.Tiles > local)
        {
            var size = _options.TileSize;
            Resize(rgb, width, height, size, size, columns: 1, tiles[(local * TileLength)..]);
        }
    }

    private void Resize(
        ReadOnlySpan<byte> rgb, int width, int height, int targetWidth, int targetHeight, int columns, Span<float> tiles)
    {
        var canvasHeight = tiles.Length / TileLength / columns * _options.TileSize;
        using var rows = new RowResampler(rgb, _weights.Get(width, targetWidth), _weights.Get(height, targetHeight));
        for (var y = 0; y < canvasHeight; y++)
        {
            Write(y < targetHeight ? rows.Row(y) : default, y, columns, tiles);
        }
    }

    /// <summary>Normalises a row of the canvas into the tiles it crosses; what lies beyond its pixels is padding, level 0.</summary>
    private void Write(ReadOnlySpan<byte> row, int y, int columns, Span<float> tiles)
    {
        var size = _options.TileSize;
        var (tileRow, line) = Math.DivRem(y, size);
        for (var column = 0; column < columns; column++)
        {
            var start = Math.Min(column * size * Channels, row.Length);
            var pixels = row.Slice(start, Math.Min(size * Channels, row.Length - start));
            var tile = tiles.Slice(((tileRow * columns) + column) * TileLength, TileLength);
            for (var channel = 0; channel < Channels; channel++)
            {
                var target = tile.Slice(((channel * size) + line) * size, size);
                var levels = _normalized.AsSpan(channel * Levels, Levels);
                var written = 0;
                for (var i = channel; i < pixels.Length; i += Channels)
                {
                    target[written++] = levels[pixels[i]];
                }

                target[written..].Fill(levels[0]);
            }
        }
    }
}
