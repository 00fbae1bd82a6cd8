namespace Pipeline.Kernels.Tests;

/// <summary>The instructions of a whole warp on matrices: which lane holds what, as the PTX ISA (8.0, warp-level matrix instructions) says.</summary>
internal static class PtxMatrix
{
    private const int Lanes = PtxWarp.Lanes;

    /// <summary>
    /// ldmatrix.x4: matrix m of the four is 8 rows of 16 bytes at the places of lanes 8 m and on; lane l gets the pair at row l / 4, columns
    /// 2 (l % 4) and on, transposed at rows 2 (l % 4) and on, column l / 4.
    /// </summary>
    public static void Load(byte[] shared, Func<int, int> place, Action<int, int, uint> set, bool transposed)
    {
        for (var matrix = 0; matrix < 4; matrix++)
        {
            uint Element(int row, int column) => BitConverter.ToUInt16(shared, place((8 * matrix) + row) + (2 * column));
            for (var lane = 0; lane < Lanes; lane++)
            {
                var (row, column) = (lane / 4, lane % 4 * 2);
                set(matrix, lane, transposed
                    ? Element(column, row) | (Element(column + 1, row) << 16)
                    : Element(row, column) | (Element(row, column + 1) << 16));
            }
        }
    }

    /// <summary>mma.m16n8k16 of BF16: operands 0 to 3 are the result, 4 to 7 the left matrix, 8 and 9 the right one, 10 to 13 what is added.</summary>
    public static void Multiply(Func<int, int, ulong> value, Action<int, int, float> set)
    {
        var (left, right, sums) = (new float[16, 16], new float[16, 8], new float[4, Lanes]);
        for (var lane = 0; lane < Lanes; lane++)
        {
            var (row, column) = (lane / 4, lane % 4 * 2);
            for (var half = 0; half < 2; half++)
            {
                for (var i = 0; i < 4; i++)
                {
                    left[row + (i % 2 * 8), column + half + (i / 2 * 8)] = PtxArithmetic.Widen((value(4 + i, lane) >> (16 * half)) & 0xffff);
                }

                for (var i = 0; i < 2; i++)
                {
                    right[column + half + (i * 8), row] = PtxArithmetic.Widen((value(8 + i, lane) >> (16 * half)) & 0xffff);
                }
            }
        }

        for (var lane = 0; lane < Lanes; lane++)
        {
            var (row, column) = (lane / 4, lane % 4 * 2);
            for (var i = 0; i < 4; i++)
            {
                var sum = PtxArithmetic.Float(value(10 + i, lane));
                for (var k = 0; k < 16; k++)
                {
                    sum += left[row + (i / 2 * 8), k] * right[k, column + (i % 2)];
                }

                sums[i, lane] = sum;
            }
        }

        for (var lane = 0; lane < Lanes; lane++)
        {
            for (var i = 0; i < 4; i++)
            {
                set(i, lane, sums[i, lane]);
            }
        }
    }
}
