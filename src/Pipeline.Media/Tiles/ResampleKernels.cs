using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Pipeline.Media;

/// <summary>The two passes over RGB24 rows. Sums are exact integers, so every instruction set gives the same levels:
/// (half + sum of weight * level) >> precision, at most 255. A sum stays below 2^31 since weights are positive and
/// add up to about 2^22 at most.</summary>
internal static class ResampleKernels
{
    /// <summary>Bytes that <see cref="Vertical"/> treats at once; rows are padded to a multiple of it.</summary>
    public const int Block = 16;

    private const int PixelBytes = 3;

    // One pixel is stored as four bytes; the next pixel, or the padding, takes the fourth over.
    private const int StoreOvershoot = 1;

    private static Vector128<byte> FirstPair =>
        Vector128.Create((byte)0, 255, 3, 255, 1, 255, 4, 255, 2, 255, 5, 255, 255, 255, 255, 255);

    private static Vector128<byte> SecondPair =>
        Vector128.Create((byte)6, 255, 9, 255, 7, 255, 10, 255, 8, 255, 11, 255, 255, 255, 255, 255);

    private static Vector128<byte> LowBytes =>
        Vector128.Create((byte)0, 4, 8, 12, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255);

    /// <summary>Bytes of a row of <paramref name="width"/> pixels as the kernels write and read it.</summary>
    public static int PaddedRow(int width) => checked((width * PixelBytes) + StoreOvershoot + Block - 1) / Block * Block;

    /// <summary>Bytes behind a row that <see cref="Horizontal"/> may read; it multiplies them by zero.</summary>
    public static int Overshoot(ResampleWeights weights) => (weights.Stride * PixelBytes) + Block;

    /// <summary>Resizes one row. <paramref name="source"/> holds the row and <see cref="Overshoot"/> more readable bytes.</summary>
    public static void Horizontal(ReadOnlySpan<byte> source, ResampleWeights weights, Span<byte> target)
    {
        // Slicing checks the lengths that the references below do not.
        ref var pixels = ref MemoryMarshal.GetReference(source[..((weights.Source * PixelBytes) + Overshoot(weights))]);
        ref var output = ref MemoryMarshal.GetReference(target[..PaddedRow(weights.Target)]);
        ref var weight = ref Unsafe.As<short, byte>(ref MemoryMarshal.GetReference(weights.Weights));
        var half = Vector128.Create(1 << (weights.Precision - 1));
        foreach (var first in weights.First)
        {
            ref var pixel = ref Unsafe.Add(ref pixels, first * PixelBytes);
            var sum = half;
            for (var j = 0; j < weights.Stride; j += ResampleWeights.Step)
            {
                var four = Vector128.LoadUnsafe(ref pixel);
                sum += AddPairs(Vector128.Shuffle(four, FirstPair), Unsafe.ReadUnaligned<int>(ref weight));
                sum += AddPairs(
                    Vector128.Shuffle(four, SecondPair), Unsafe.ReadUnaligned<int>(ref Unsafe.Add(ref weight, sizeof(int))));
                pixel = ref Unsafe.Add(ref pixel, ResampleWeights.Step * PixelBytes);
                weight = ref Unsafe.Add(ref weight, ResampleWeights.Step * sizeof(short));
            }

            var level = Vector128.Min(sum >> weights.Precision, Vector128.Create(255)).AsByte();
            Unsafe.WriteUnaligned(ref output, Vector128.Shuffle(level, LowBytes).AsInt32().ToScalar());
            output = ref Unsafe.Add(ref output, PixelBytes);
        }
    }

    /// <summary>Makes row <paramref name="y"/> of the result from the rows it takes from.</summary>
    /// <param name="ring">[capacity, target.Length]; source row r lies in slot r modulo the capacity.</param>
    /// <param name="target">The row, a multiple of <see cref="Block"/> bytes.</param>
    public static void Vertical(ReadOnlySpan<byte> ring, int capacity, ResampleWeights weights, int y, Span<byte> target)
    {
        var rowBytes = target.Length;
        var first = weights.First[y];
        var own = weights.Weights.Slice(y * weights.Stride, Math.Min(weights.Taps, weights.Source - first));
        ref var rows = ref MemoryMarshal.GetReference(ring[..checked(capacity * rowBytes)]);
        var half = Vector256.Create(1 << (weights.Precision - 1));
        var most = Vector256.Create(255);
        for (var offset = 0; offset < rowBytes; offset += Block)
        {
            var (low, high) = (half, half);
            var slot = first % capacity;
            foreach (var weight in own)
            {
                var levels = Vector128.LoadUnsafe(ref rows, (nuint)((slot * rowBytes) + offset));
                var wide = Vector256.WidenLower(levels.ToVector256Unsafe());
                low += Vector256.WidenLower(wide).AsInt32() * weight;
                high += Vector256.WidenUpper(wide).AsInt32() * weight;
                slot = slot + 1 == capacity ? 0 : slot + 1;
            }

            low = Vector256.Min(low >> weights.Precision, most);
            high = Vector256.Min(high >> weights.Precision, most);
            var narrow = Vector256.Narrow(low, high);
            Vector128.Narrow(narrow.GetLower(), narrow.GetUpper()).AsByte().CopyTo(target[offset..]);
        }
    }

    /// <summary>In each 32-bit lane: the low 16 bits of <paramref name="levels"/> by those of <paramref name="pair"/>, plus
    /// the high ones by the high ones. Levels are zero-extended bytes.</summary>
    private static Vector128<int> AddPairs(Vector128<byte> levels, int pair) =>
        Sse2.IsSupported
            ? Sse2.MultiplyAddAdjacent(levels.AsInt16(), Vector128.Create(pair).AsInt16())
            : AddPairsPortable(levels, pair);

    internal static Vector128<int> AddPairsPortable(Vector128<byte> levels, int pair)
    {
        var lanes = levels.AsInt32();
        return ((lanes & Vector128.Create(0xFFFF)) * (short)pair) + ((lanes >> 16) * (pair >> 16));
    }
}
