using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Pipeline.Kernels;

/// <summary>Sizes of a tiled product.</summary>
/// <param name="Rows">Rows of a product of one weight; of no meaning where rows are grouped.</param>
/// <param name="Outputs">Outputs of a weight.</param>
/// <param name="Inputs">Inputs with their padding: whole steps.</param>
/// <param name="Grouped">Not 0 where tiles and order say which rows meet which part.</param>
/// <param name="Divisor">Input row of an assignment: its number divided by this.</param>
internal readonly record struct MatrixShape(int Rows, int Outputs, int Inputs, int Grouped, int Divisor);

/// <summary>Products of many rows on the tensor cores, for CUDA only.</summary>
internal static class MatrixKernels
{
    /// <summary>
    /// sums[r, o] = input[r] . weight[o], BF16 times BF16 in float32; one group a tile, its number of outputs along x. Grouped: tile y
    /// is (part, first, count) in <paramref name="tiles"/>, and its row i is the assignment order[first + i].
    /// </summary>
    /// <param name="input">Address of rows of BF16, each of <see cref="MatrixShape.Inputs"/>.</param>
    /// <param name="weight">Address of parts of rows of BF16.</param>
    /// <param name="sums">Address of float32 [rows, outputs].</param>
    public static void Product(long input, long weight, long sums, ArrayView<int> order, ArrayView<int> tiles, MatrixShape shape)
    {
        var (part, first, count) = Tile(tiles, shape);
        if (count == 0)
        {
            return;
        }

        CudaAsm.Emit(MatrixPtx.Declare);
        CudaAsm.Emit(MatrixPtx.Clear);
        var thread = Group.IdxX;
        var rowBytes = 2L * shape.Inputs;
        var output = Grid.IdxX * MatrixTile.Outputs;
        var copy = MatrixTile.Chunk(MatrixTile.CopyRow(thread), MatrixTile.CopyChunk(thread));
        var chunk = 16 * MatrixTile.CopyChunk(thread);
        var row = MatrixTile.CopyRow(thread);
        var upper = input + (Source(order, first, count, row, shape) * rowBytes) + chunk;
        var lower = input + (Source(order, first, count, row + 64, shape) * rowBytes) + chunk;
        var left = weight + ((((long)part * shape.Outputs) + Below(output + row, shape.Outputs)) * rowBytes) + chunk;
        var right = weight + ((((long)part * shape.Outputs) + Below(output + row + 64, shape.Outputs)) * rowBytes) + chunk;

        // Two steps are under way while one is multiplied; groups of no copies keep the count where a product ends.
        var steps = shape.Inputs / MatrixTile.Step;
        CudaAsm.Emit(MatrixPtx.Copy, copy, upper, lower, left, right);
        CudaAsm.Emit(MatrixPtx.Commit);
        if (steps > 1)
        {
            var stage = copy + MatrixTile.StageBytes;
            CudaAsm.Emit(MatrixPtx.Copy, stage, upper + 64, lower + 64, left + 64, right + 64);
        }

        CudaAsm.Emit(MatrixPtx.Commit);
        var rows = MatrixTile.RowAddress(thread);
        var outputs = MatrixTile.OutputAddress(thread);
        var (read, write) = (0, 2 * MatrixTile.StageBytes);
        for (var step = 0; step < steps; step++)
        {
            CudaAsm.Emit(MatrixPtx.Wait);
            if (step + 2 < steps)
            {
                var at = (step + 2) * MatrixTile.RowBytes;
                var stage = copy + write;
                CudaAsm.Emit(MatrixPtx.Copy, stage, upper + at, lower + at, left + at, right + at);
            }

            CudaAsm.Emit(MatrixPtx.Commit);
            CudaAsm.Emit(MatrixPtx.Multiply, rows + read, outputs + read);
            CudaAsm.Emit(MatrixPtx.Multiply, (rows + read) ^ MatrixTile.OtherHalf, (outputs + read) ^ MatrixTile.OtherHalf);
            read = read == 2 * MatrixTile.StageBytes ? 0 : read + MatrixTile.StageBytes;
            write = write == 2 * MatrixTile.StageBytes ? 0 : write + MatrixTile.StageBytes;
        }

        Store(sums, order, first, count, output, thread, shape);
    }

    /// <summary>The part, first row and number of rows of this group's tile; a list may have more places than tiles, of no rows.</summary>
    internal static (int Part, int First, int Count) Tile(ArrayView<int> tiles, MatrixShape shape)
    {
        if (shape.Grouped != 0)
        {
            return (tiles[3 * Grid.IdxY], tiles[(3 * Grid.IdxY) + 1], tiles[(3 * Grid.IdxY) + 2]);
        }

        var first = Grid.IdxY * MatrixTile.Rows;
        return (0, first, shape.Rows - first);
    }

    /// <summary>Stores a thread's sums of a tile.</summary>
    /// <param name="output">The tile's first output.</param>
    internal static void Store(long sums, ArrayView<int> order, int first, int count, int output, int thread, MatrixShape shape)
    {
        var column = output + MatrixTile.SumOutput(thread);
        var own = MatrixTile.SumRow(thread);
        CudaAsm.Emit(MatrixPtx.Store0Upper, Target(sums, order, first, own, count, column, shape), Left(own, count, column, shape));
        CudaAsm.Emit(MatrixPtx.Store0Lower, Target(sums, order, first, own + 8, count, column, shape), Left(own + 8, count, column, shape));
        CudaAsm.Emit(MatrixPtx.Store1Upper, Target(sums, order, first, own + 16, count, column, shape), Left(own + 16, count, column, shape));
        CudaAsm.Emit(MatrixPtx.Store1Lower, Target(sums, order, first, own + 24, count, column, shape), Left(own + 24, count, column, shape));
        CudaAsm.Emit(MatrixPtx.Store2Upper, Target(sums, order, first, own + 32, count, column, shape), Left(own + 32, count, column, shape));
        CudaAsm.Emit(MatrixPtx.Store2Lower, Target(sums, order, first, own + 40, count, column, shape), Left(own + 40, count, column, shape));
        CudaAsm.Emit(MatrixPtx.Store3Upper, Target(sums, order, first, own + 48, count, column, shape), Left(own + 48, count, column, shape));
        CudaAsm.Emit(MatrixPtx.Store3Lower, Target(sums, order, first, own + 56, count, column, shape), Left(own + 56, count, column, shape));
    }

    /// <summary>The row of the input that row i of a tile reads; rows beyond the last read the last.</summary>
    internal static long Source(ArrayView<int> order, int first, int count, int row, MatrixShape shape)
    {
        var at = first + Below(row, count);
        return shape.Grouped == 0 ? at : order[at] / shape.Divisor;
    }

    private static long Target(long sums, ArrayView<int> order, int first, int row, int count, int column, MatrixShape shape)
    {
        var at = first + Below(row, count);
        long target = shape.Grouped == 0 ? at : order[at];
        return sums + (sizeof(float) * ((target * shape.Outputs) + column));
    }

    /// <summary>Outputs from a column on; none for a row beyond the last.</summary>
    private static int Left(int row, int count, int column, MatrixShape shape) => row < count ? shape.Outputs - column : 0;

    internal static int Below(int index, int count) => index < count ? index : count - 1;
}
