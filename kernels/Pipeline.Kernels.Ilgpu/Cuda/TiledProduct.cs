using ILGPU;
using ILGPU.Runtime;

namespace Pipeline.Kernels;

/// <summary>
/// Products of many rows with BF16 or quantized weights on the tensor cores: rows, and what quantized weights stand for, are rounded to
/// BF16, sums are float32.
/// </summary>
internal sealed class TiledProduct : IDisposable
{
    private readonly IlgpuRuntime _runtime;
    private readonly Action<AcceleratorStream, KernelConfig, long, long, long, ArrayView<int>, ArrayView<int>, MatrixShape> _product;
    private readonly Action<AcceleratorStream, KernelConfig, long, long, long, ArrayView<int>, ArrayView<int>, QuantizedMatrixShape> _quantized;
    private readonly IlgpuScratch<uint> _rounded;
    private readonly IlgpuScratch<int> _counts;
    private readonly IlgpuScratch<int> _order;
    private readonly IlgpuScratch<int> _tiles;
    private int _mostTiles;

    public TiledProduct(IlgpuRuntime runtime)
    {
        _runtime = runtime;
        _product = runtime.Kernels.Load<long, long, long, ArrayView<int>, ArrayView<int>, MatrixShape>(
            MatrixKernels.Product, new KernelSpecialization(MatrixTile.Threads, 2));
        _quantized = runtime.Kernels.Load<long, long, long, ArrayView<int>, ArrayView<int>, QuantizedMatrixShape>(
            QuantizedMatrixKernels.Product, new KernelSpecialization(MatrixTile.Threads, 2));
        _rounded = new IlgpuScratch<uint>(runtime);
        _counts = new IlgpuScratch<int>(runtime);
        _order = new IlgpuScratch<int>(runtime);
        _tiles = new IlgpuScratch<int>(runtime);
    }

    public static bool Takes(IlgpuWeight weight) => weight.Shape.Format == (int)NumberFormat.BF16 || weight.Shape.IsQuantized;

    /// <summary>Takes rows as the input of the products that follow.</summary>
    public void SetInput(ArrayView<float> input, int rows, IlgpuWeight weight)
    {
        var words = Padded(weight) / 2;
        _runtime.Plain.Round(
            _runtime.Stream, _runtime.Over((long)rows * words), input, _rounded.Of((long)rows * words), rows, weight.Spec.Inputs, words);
    }

    /// <summary>Takes the assignments of a routing as the rows of the grouped products that follow.</summary>
    public void SetGroups(ArrayView<int> experts, int assignments, int parts)
    {
        _mostTiles = GroupShape.MostTiles(assignments, parts, MatrixTile.Rows);
        var shape = new GroupShape(assignments, parts, MatrixTile.Rows, _mostTiles);
        var counts = _counts.Of(parts);
        _runtime.Plain.Count(_runtime.Stream, _runtime.Over(parts), experts, counts, shape);
        _runtime.Plain.Place(_runtime.Stream, _runtime.Over(parts + 1), experts, counts, _order.Of(assignments), _tiles.Of(3L * _mostTiles), shape);
    }

    /// <summary>sums[r] = input[r] . weight.</summary>
    public void Run(int rows, IlgpuWeight weight, ArrayView<float> sums) =>
        Run(weight, sums, (rows + MatrixTile.Rows - 1) / MatrixTile.Rows, new MatrixShape(rows, weight.Spec.Outputs, Padded(weight), 0, 1));

    /// <summary>sums[a] = input[a / divisor] . weight[expert of a].</summary>
    public void RunGroups(int divisor, IlgpuWeight weight, ArrayView<float> sums) =>
        Run(weight, sums, _mostTiles, new MatrixShape(0, weight.Spec.Outputs, Padded(weight), 1, divisor));

    public void Dispose()
    {
        _rounded.Dispose();
        _counts.Dispose();
        _order.Dispose();
        _tiles.Dispose();
    }

    /// <summary>Inputs with their padding: whole steps.</summary>
    private static int Padded(IlgpuWeight weight) => (weight.Spec.Inputs + MatrixTile.Step - 1) & -MatrixTile.Step;

    private void Run(IlgpuWeight weight, ArrayView<float> sums, int tiles, MatrixShape shape)
    {
        var launch = new KernelConfig(
            new Index3D((shape.Outputs + MatrixTile.Outputs - 1) / MatrixTile.Outputs, tiles, 1), new Index3D(MatrixTile.Threads, 1, 1));
        var (from, by, to) = (
            _rounded.Of(1).LoadEffectiveAddressAsPtr(), weight.Words.LoadEffectiveAddressAsPtr(), sums.LoadEffectiveAddressAsPtr());
        if (weight.Shape.IsQuantized)
        {
            _quantized(_runtime.Stream, launch, from, by, to, _order.Of(1), _tiles.Of(1), new QuantizedMatrixShape(shape, weight.Shape));
        }
        else
        {
            _product(_runtime.Stream, launch, from, by, to, _order.Of(1), _tiles.Of(1), shape);
        }
    }
}
