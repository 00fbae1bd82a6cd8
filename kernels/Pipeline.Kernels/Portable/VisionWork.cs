using System.Runtime.CompilerServices;

namespace Pipeline.Kernels;

/// <summary>Cuts tiles into patches; an item is a patch.</summary>
internal sealed unsafe class UnfoldWork(CpuTeam team) : TeamWork
{
    private PortableBuffer _pixels = null!;
    private PortableBuffer _patches = null!;
    private TileShape _shape = null!;

    public void Run(PortableBuffer pixels, int tiles, TileShape shape, PortableBuffer patches)
    {
        (_pixels, _shape, _patches) = (pixels, shape, patches);
        team.Run(this, tiles * shape.Patches, (long)tiles * shape.TileElements / Padding.Lanes);
    }

    public override void Execute(int first, int end, int thread)
    {
        var (channels, tile, patch) = (_shape.Channels, _shape.TileSize, _shape.PatchSize);
        for (var item = first; item < end; item++)
        {
            var (image, index) = Math.DivRem(item, _shape.Patches);
            var (patchY, patchX) = Math.DivRem(index, _shape.Grid);
            var target = _patches.Row(item);
            for (var line = 0; line < channels * patch; line++, target += patch)
            {
                var (channel, y) = Math.DivRem(line, patch);
                var source = _pixels.Row(image) + ((((channel * tile) + (patchY * patch) + y) * tile) + (patchX * patch));
                new Span<float>(source, patch).CopyTo(new Span<float>(target, patch));
            }
        }
    }
}

/// <summary>Adds positions to patches and appends the class row; an item is a row of the output.</summary>
internal sealed unsafe class AddPositionsWork(InstructionPath path, CpuTeam team) : LaneWork(path)
{
    private PortableBuffer _patches = null!;
    private PortableWeight _class = null!;
    private PortableWeight _positions = null!;
    private PortableBuffer _output = null!;

    public void Run(PortableBuffer patches, int tiles, PortableWeight classEmbedding, PortableWeight positions, PortableBuffer output)
    {
        (_patches, _class, _positions, _output) = (patches, classEmbedding, positions, output);
        var rows = tiles * positions.Spec.Outputs;
        team.Run(this, rows, (long)rows * output.Columns / Padding.Lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Execute<V>(int first, int end, int thread)
    {
        var columns = _output.Columns;
        var perTile = _positions.Spec.Outputs;
        for (var row = first; row < end; row++)
        {
            var (tile, position) = Math.DivRem(row, perTile);
            var source = position == perTile - 1 ? _class.Vector : _patches.Row((tile * (perTile - 1)) + position);
            var target = _output.Row(row);
            _positions.WidenRow<V>(position, target);
            for (var i = 0; i < columns; i += V.Count)
            {
                Partial.StoreUpTo(V.Load(source + i) + V.Load(target + i), target + i, columns - i);
            }
        }
    }
}

/// <summary>Joins squares of patches; an item is a row of the output.</summary>
internal sealed unsafe class PixelShuffleWork(CpuTeam team) : TeamWork
{
    private PortableBuffer _input = null!;
    private PortableBuffer _output = null!;
    private int _grid;
    private int _side;

    public void Run(PortableBuffer input, int tiles, int grid, int side, PortableBuffer output)
    {
        (_input, _grid, _side, _output) = (input, grid, side, output);
        var rows = tiles * (grid / side) * (grid / side);
        team.Run(this, rows, (long)rows * output.Columns / Padding.Lanes);
    }

    public override void Execute(int first, int end, int thread)
    {
        var hidden = _input.Columns;
        var squares = _grid / _side;
        for (var row = first; row < end; row++)
        {
            var (tile, square) = Math.DivRem(row, squares * squares);
            var (squareY, squareX) = Math.DivRem(square, squares);
            var target = _output.Row(row);
            for (var part = 0; part < _side * _side; part++, target += hidden)
            {
                var (dy, dx) = Math.DivRem(part, _side);
                var patch = (((squareY * _side) + dy) * _grid) + (squareX * _side) + dx;
                new Span<float>(_input.Row((tile * ((_grid * _grid) + 1)) + patch), hidden).CopyTo(new Span<float>(target, hidden));
            }
        }
    }
}
