namespace Pipeline.Kernels.Tests;

public abstract partial class DeviceContract
{
    [DeviceTheory]
    [InlineData(1, 1, 1, 2)]
    [InlineData(2, 17, 3, 22)]
    [InlineData(1, 65, 2, 88)]
    [InlineData(3, 130, 1, 16)]
    public void AttendTiles_matches_the_reference(int tiles, int tokens, int heads, int headSize)
    {
        using var weights = new TestWeights(seed: 40);
        var count = tiles * tokens * heads * headSize;
        var (query, key, value) = (weights.Numbers(count), weights.Numbers(count), weights.Numbers(count));
        Matches(Budget.Attention(headSize, tokens), "tiles", device =>
        {
            var rows = tiles * tokens;
            var output = device.Allocate("output", rows, heads * headSize);
            device.AttendTiles(
                Upload(device, query, rows), Upload(device, key, rows), Upload(device, value, rows), tiles, tokens, heads, 0.5f, output);
            return Read(device, output);
        });
    }

    [DeviceFact]
    public void Rotate_turns_pairs_by_the_angles_of_the_row_in_its_tile()
    {
        const int rows = 10, heads = 3, pairs = 5;
        using var weights = new TestWeights(seed: 41);
        var (query, key) = (weights.Numbers(rows * heads * pairs * 2), weights.Numbers(rows * heads * pairs * 2));
        var (cosines, sines) = (weights.Numbers(5 * pairs), weights.Numbers(5 * pairs));
        Matches(4 * Budget.Rounding, "rotate", device =>
        {
            var (q, k) = (Upload(device, query, rows), Upload(device, key, rows));
            device.Rotate(q, k, rows, heads, Upload(device, cosines, 5), Upload(device, sines, 5));
            return [.. Read(device, q), .. Read(device, k)];
        });
    }

    [DeviceFact]
    public void Tiles_are_cut_given_positions_and_joined()
    {
        const int tiles = 2, hidden = 7;
        var shape = new TileShape(Channels: 3, TileSize: 12, PatchSize: 3);
        using var weights = new TestWeights(seed: 42);
        var (pixels, patches) = (weights.Numbers(tiles * shape.TileElements), weights.Numbers(tiles * shape.Patches * hidden));
        var classEmbedding = weights.Vector(hidden, NumberFormat.BF16);
        var positions = weights.Matrix(shape.Patches + 1, hidden, NumberFormat.F16, WeightOrientation.OutputsByInputs);
        Matches(2 * Budget.Rounding, "vision", device =>
        {
            var unfolded = device.Allocate("unfolded", tiles * shape.Patches, shape.PatchElements);
            var positioned = device.Allocate("positioned", tiles * (shape.Patches + 1), hidden);
            var shuffled = device.Allocate("shuffled", tiles * shape.Patches / 4, hidden * 4);
            device.Unfold(Upload(device, pixels, tiles), tiles, shape, unfolded);
            device.AddPositions(Upload(device, patches, tiles * shape.Patches), tiles, device.Load(classEmbedding), device.Load(positions), positioned);
            device.PixelShuffle(positioned, tiles, shape.Grid, side: 2, shuffled);
            return [.. Read(device, unfolded), .. Read(device, positioned), .. Read(device, shuffled)];
        });
    }
}
