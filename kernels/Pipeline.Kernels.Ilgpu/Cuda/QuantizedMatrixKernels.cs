using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Pipeline.Kernels;

/// <summary>Sizes of a tiled product of quantized weights.</summary>
/// <param name="Matrix">As of any tiled product.</param>
/// <param name="Weight">How rows of the weight lie.</param>
internal readonly record struct QuantizedMatrixShape(MatrixShape Matrix, StoredShape Weight);

/// <summary>Products of many rows with quantized weights on the tensor cores, for CUDA only.</summary>
internal static class QuantizedMatrixKernels
{
    /// <summary>
    /// As <see cref="MatrixKernels.Product"/>. Rows are copied as there; whole numbers wait in registers for a step, then become BF16 in the
    /// stage that is multiplied two steps later.
    /// </summary>
    /// <param name="weight">Address of parts of <see cref="QuantizedRows"/>.</param>
    public static void Product(long input, long weight, long sums, ArrayView<int> order, ArrayView<int> tiles, QuantizedMatrixShape shape)
    {
        var matrix = shape.Matrix;
        var (part, first, count) = MatrixKernels.Tile(tiles, matrix);
        if (count == 0)
        {
            return;
        }

        CudaAsm.Emit(MatrixPtx.Declare);
        CudaAsm.Emit(QuantizedPtx.Declare);
        CudaAsm.Emit(MatrixPtx.Clear);
        var thread = Group.IdxX;
        var format = shape.Weight.Format;
        var rowBytes = 2L * matrix.Inputs;
        var output = Grid.IdxX * MatrixTile.Outputs;
        var steps = matrix.Inputs / MatrixTile.Step;
        var copy = MatrixTile.Chunk(MatrixTile.CopyRow(thread), MatrixTile.CopyChunk(thread));
        var chunk = 16 * MatrixTile.CopyChunk(thread);
        var row = MatrixTile.CopyRow(thread);
        var upper = input + (MatrixKernels.Source(order, first, count, row, matrix) * rowBytes) + chunk;
        var lower = input + (MatrixKernels.Source(order, first, count, row + 64, matrix) * rowBytes) + chunk;
        var quantized = weight + (4 * shape.Weight.Row(part, MatrixKernels.Below(output + QuantizedTile.Output(thread), matrix.Outputs)));
        var codes = quantized + QuantizedTile.CodeOffset(thread, format);
        var blockBytes = 4 * format;
        var scales = quantized + (steps * blockBytes);
        var near = QuantizedTile.Place(thread, 0);
        var far = QuantizedTile.Place(thread, 1);
        var shift = QuantizedTile.Shift(thread);

        // Two steps lie ready, and the numbers of a third wait, while one is multiplied.
        Fetch(codes, scales, 0, blockBytes);
        CudaAsm.Emit(QuantizedPtx.CopyRows, copy, upper, lower);
        CudaAsm.Emit(MatrixPtx.Commit);
        Decode(format, shift, near, far);
        if (steps > 1)
        {
            Fetch(codes, scales, 1, blockBytes);
            var stage = copy + MatrixTile.StageBytes;
            CudaAsm.Emit(QuantizedPtx.CopyRows, stage, upper + MatrixTile.RowBytes, lower + MatrixTile.RowBytes);
            Decode(format, shift, near + MatrixTile.StageBytes, far + MatrixTile.StageBytes);
        }

        CudaAsm.Emit(MatrixPtx.Commit);
        if (steps > 2)
        {
            Fetch(codes, scales, 2, blockBytes);
        }

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
                CudaAsm.Emit(QuantizedPtx.CopyRows, stage, upper + at, lower + at);
                Decode(format, shift, near + write, far + write);
            }

            if (step + 3 < steps)
            {
                Fetch(codes, scales, step + 3, blockBytes);
            }

            CudaAsm.Emit(MatrixPtx.Commit);
            CudaAsm.Emit(MatrixPtx.Multiply, rows + read, outputs + read);
            CudaAsm.Emit(MatrixPtx.Multiply, (rows + read) ^ MatrixTile.OtherHalf, (outputs + read) ^ MatrixTile.OtherHalf);
            read = read == 2 * MatrixTile.StageBytes ? 0 : read + MatrixTile.StageBytes;
            write = write == 2 * MatrixTile.StageBytes ? 0 : write + MatrixTile.StageBytes;
        }

        MatrixKernels.Store(sums, order, first, count, output, thread, matrix);
    }

    private static void Fetch(long codes, long scales, int step, int blockBytes)
    {
        var block = codes + ((long)step * blockBytes);
        var scale = scales + ((long)step * QuantizedBlock.ScaleBytes);
        CudaAsm.Emit(QuantizedPtx.Fetch, block, scale);
    }

    private static void Decode(int format, int shift, int near, int far)
    {
        if (format == StoredShape.Int8)
        {
            CudaAsm.Emit(QuantizedPtx.Decode8);
        }
        else
        {
            CudaAsm.Emit(QuantizedPtx.Decode4, shift);
        }

        CudaAsm.Emit(QuantizedPtx.Store, near, far);
    }
}
