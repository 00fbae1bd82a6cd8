namespace Pipeline.Kernels.Tests;

/// <summary>
/// The errors that are allowed against double precision, for operands in [-1, 1). Formats have no constants of their own: each
/// widens exactly to float32, and the reference reads the same stored numbers.
/// </summary>
internal static class Budget
{
    /// <summary>Half a unit in the last place of a float32 near 1.</summary>
    public const double Rounding = 1.0 / (1 << 24);

    /// <summary>Of an elementary function (exp, sigmoid, erf) relative to 1.</summary>
    public const double Function = 4e-7;

    /// <summary>
    /// Of a sum of <paramref name="terms"/> products: partial sums grow like the root of their number, and their roundings add up
    /// like a random walk (Higham and Mary, 2019), so the error grows like the number; 3 is some ten standard deviations.
    /// </summary>
    public static double Sum(int terms) => 3 * Rounding * terms;

    /// <summary>Of norms: a sum, a root, a product.</summary>
    public static double Norm(int columns) => (Sum(columns) / columns * 4) + (16 * Rounding);

    /// <summary>Of attention: weights from scores of heads of that size, averaged over values in [-1, 1).</summary>
    public static double Attention(int headSize, int keys) => (4 * Sum(headSize)) + (4 * Function) + (6 * Rounding * Math.Sqrt(keys));
}
