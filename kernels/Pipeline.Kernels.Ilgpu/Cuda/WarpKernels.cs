using ILGPU;
using ILGPU.Runtime;

namespace Pipeline.Kernels;

/// <summary>The kernels that work by warps of 32, compiled for one accelerator.</summary>
internal sealed class WarpKernels(KernelLoader kernels)
{
    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, NormShape> Norm { get; } =
        kernels.Load<ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, NormShape>(GroupNormKernels.Norm);

    public Action<AcceleratorStream, KernelConfig, ArrayView<Floats4>, ArrayView<Words4>, ArrayView<Words4>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ProductShape> Product { get; } =
        kernels.Load<ArrayView<Floats4>, ArrayView<Words4>, ArrayView<Words4>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ProductShape>(DecodeKernels.Product);

    public Action<AcceleratorStream, KernelConfig, ArrayView<Floats4>, ArrayView<int>, ArrayView<float>, ArrayView<Words4>, ArrayView<Words4>, ArrayView<float>, ExpertShape> GateUp { get; } =
        kernels.Load<ArrayView<Floats4>, ArrayView<int>, ArrayView<float>, ArrayView<Words4>, ArrayView<Words4>, ArrayView<float>, ExpertShape>(DecodeKernels.GateUp);

    public Action<AcceleratorStream, KernelConfig, ArrayView<Floats4>, ArrayView<int>, ArrayView<float>, ArrayView<Words4>, ArrayView<float>, ExpertShape> Down { get; } =
        kernels.Load<ArrayView<Floats4>, ArrayView<int>, ArrayView<float>, ArrayView<Words4>, ArrayView<float>, ExpertShape>(DecodeKernels.Down);

    public Action<AcceleratorStream, KernelConfig, ArrayView<int>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, RotateShape> RotateAppend { get; } =
        kernels.Load<ArrayView<int>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, RotateShape>(WarpRotateKernels.RotateAppend);

    public Action<AcceleratorStream, KernelConfig, ArrayView<int>, ArrayView<float>, ArrayView<float>, ArrayView<float>, SplitShape> Split { get; } =
        kernels.Load<ArrayView<int>, ArrayView<float>, ArrayView<float>, ArrayView<float>, SplitShape>(WarpAttentionKernels.Split);

    public Action<AcceleratorStream, KernelConfig, ArrayView<int>, ArrayView<float>, ArrayView<float>, SplitShape> Merge { get; } =
        kernels.Load<ArrayView<int>, ArrayView<float>, ArrayView<float>, SplitShape>(WarpAttentionKernels.Merge);

    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, TileAttendShape> AttendTiles { get; } =
        kernels.Load<ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, TileAttendShape>(WarpAttentionKernels.AttendTiles);

    /// <summary>Whether these kernels read weights of that shape, and inputs of that length.</summary>
    public static bool Takes(IlgpuWeight weight) => weight.Shape.IsQuantized
        ? weight.Spec.Inputs % QuantizedBlock.Size == 0
        : weight.Shape.Format == (int)NumberFormat.BF16 && weight.Spec.Inputs % FourOutputs.Load == 0;
}
