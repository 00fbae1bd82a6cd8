namespace Pipeline.Media.Tests;

/// <summary>The slow twin of <see cref="ImageTiler"/>: one level at a time, the whole picture between the passes.</summary>
internal static class TileTwin
{
    public static IEnumerable<int> Levels(TilingOptions options, TileLayout layout, byte[] rgb, int width, int height)
    {
        var size = options.TileSize;
        var local = Resize(rgb, width, height, layout.ResizedWidth, layout.ResizedHeight);
        for (var tile = 0; tile < layout.Rows * layout.Columns; tile++)
        {
            var (top, left) = (tile / layout.Columns * size, tile % layout.Columns * size);
            for (var i = 0; i < 3 * size * size; i++)
            {
                var (channel, y, x) = (i / (size * size), top + (i / size % size), left + (i % size));
                var inside = y < layout.ResizedHeight && x < layout.ResizedWidth;
                yield return inside ? local[(((y * layout.ResizedWidth) + x) * 3) + channel] : 0;
            }
        }

        if (layout.Tiles == 1)
        {
            yield break;
        }

        var global = Resize(rgb, width, height, size, size);
        for (var i = 0; i < 3 * size * size; i++)
        {
            yield return global[(i % (size * size) * 3) + (i / (size * size))];
        }
    }

    private static int[] Resize(byte[] rgb, int width, int height, int targetWidth, int targetHeight)
    {
        var across = Axis(width, targetWidth);
        var between = new int[height * targetWidth * 3];
        for (var i = 0; i < between.Length; i++)
        {
            var (y, x, channel) = (i / 3 / targetWidth, i / 3 % targetWidth, i % 3);
            between[i] = across.Apply(x, column => rgb[(((y * width) + column) * 3) + channel]);
        }

        var down = Axis(height, targetHeight);
        var result = new int[targetHeight * targetWidth * 3];
        for (var i = 0; i < result.Length; i++)
        {
            var (y, rest) = (i / 3 / targetWidth, i % (targetWidth * 3));
            result[i] = down.Apply(y, row => between[(row * targetWidth * 3) + rest]);
        }

        return result;
    }

    private static FixedPointAxis Axis(int source, int target)
    {
        var scale = (double)source / target;
        var support = Math.Max(scale, 1);
        var exact = Enumerable.Range(0, target).Select(i =>
        {
            var center = scale * (i + 0.5);
            var first = Math.Max((int)(center - support + 0.5), 0);
            var end = Math.Min((int)(center + support + 0.5), source);
            var weights = Enumerable.Range(first, end - first)
                .Select(x => Math.Max(1 - Math.Abs((x - center + 0.5) * (1 / support)), 0)).ToArray();
            var total = weights.Sum();
            return (first, weights: weights.Select(weight => weight / total).ToArray());
        }).ToArray();
        var largest = exact.Max(one => one.weights.Max());
        var precision = Enumerable.Range(0, 22).FirstOrDefault(p => (int)(0.5 + (largest * (2 << p))) >= 1 << 15, 22);
        return new FixedPointAxis(
            precision,
            [.. exact.Select(one => one.first)],
            [.. exact.Select(one => one.weights.Select(weight => (int)(0.5 + (weight * (1 << precision)))).ToArray())]);
    }

    private sealed record FixedPointAxis(int Precision, int[] First, int[][] Weights)
    {
        public int Apply(int target, Func<int, int> level)
        {
            var sum = 1 << (Precision - 1);
            for (var j = 0; j < Weights[target].Length; j++)
            {
                sum += Weights[target][j] * level(First[target] + j);
            }

            return Math.Clamp(sum >> Precision, 0, 255);
        }
    }
}
