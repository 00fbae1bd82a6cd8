using ILGPU;

namespace Pipeline.Kernels;

/// <summary>Rows that are copied or added; one thread an element.</summary>
internal static class RowKernels
{
    /// <summary>One thread alone: counts the marks that the queue has passed.</summary>
    public static void Mark(ArrayView<long> reached) => reached[0]++;

    public static void Embed(ArrayView<int> table, ArrayView<uint> embedding, ArrayView<float> output, TableShape shape, StoredShape stored, int rows, int columns)
    {
        for (var item = Items.First; item < (long)rows * columns; item += Items.Stride)
        {
            var row = item / columns;
            var token = table[shape.TokenIds + row];
            if (token >= 0)
            {
                output[item] = Stored.Element(embedding, stored.Row(0, token), (int)(item - (row * columns)), stored.Format);
            }
        }
    }

    /// <summary>target[table[first + i]] = source[i].</summary>
    public static void Scatter(ArrayView<int> table, ArrayView<float> source, ArrayView<float> target, int first, int rows, int columns)
    {
        for (var item = Items.First; item < (long)rows * columns; item += Items.Stride)
        {
            var row = item / columns;
            target[((long)table[first + row] * columns) + item - (row * columns)] = source[item];
        }
    }

    /// <summary>target[i] = source[table[first + i]].</summary>
    public static void Gather(ArrayView<int> table, ArrayView<float> source, ArrayView<float> target, int first, int rows, int columns)
    {
        for (var item = Items.First; item < (long)rows * columns; item += Items.Stride)
        {
            var row = item / columns;
            target[item] = source[((long)table[first + row] * columns) + item - (row * columns)];
        }
    }

    /// <summary>residual[r] = (residual[r] + shared[r]) + expertRows[r * slots + 0] + ..., in slot order.</summary>
    public static void Combine(ArrayView<float> residual, ArrayView<float> shared, ArrayView<float> expertRows, int rows, int columns, int slots)
    {
        for (var item = Items.First; item < (long)rows * columns; item += Items.Stride)
        {
            var row = item / columns;
            var column = item - (row * columns);
            var sum = residual[item] + shared[item];
            for (var slot = 0; slot < slots; slot++)
            {
                sum += expertRows[(((row * slots) + slot) * columns) + column];
            }

            residual[item] = sum;
        }
    }
}
