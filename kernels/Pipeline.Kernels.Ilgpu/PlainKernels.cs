using ILGPU;
using ILGPU.Runtime;

namespace Pipeline.Kernels;

/// <summary>Every plain kernel, compiled for one accelerator when it is opened, so that no step waits for a compiler.</summary>
internal sealed class PlainKernels(KernelLoader kernels)
{
    public Action<AcceleratorStream, KernelConfig, ArrayView<int>, ArrayView<uint>, ArrayView<float>, TableShape, StoredShape, int, int> Embed { get; } =
        kernels.Load<ArrayView<int>, ArrayView<uint>, ArrayView<float>, TableShape, StoredShape, int, int>(RowKernels.Embed);

    public Action<AcceleratorStream, KernelConfig, ArrayView<int>, ArrayView<float>, ArrayView<float>, int, int, int> Scatter { get; } =
        kernels.Load<ArrayView<int>, ArrayView<float>, ArrayView<float>, int, int, int>(RowKernels.Scatter);

    public Action<AcceleratorStream, KernelConfig, ArrayView<int>, ArrayView<float>, ArrayView<float>, int, int, int> Gather { get; } =
        kernels.Load<ArrayView<int>, ArrayView<float>, ArrayView<float>, int, int, int>(RowKernels.Gather);

    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, int, int, int> Combine { get; } =
        kernels.Load<ArrayView<float>, ArrayView<float>, ArrayView<float>, int, int, int>(RowKernels.Combine);

    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, NormShape> Moments { get; } =
        kernels.Load<ArrayView<float>, ArrayView<float>, NormShape>(NormKernels.Moments);

    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, NormShape> Norm { get; } =
        kernels.Load<ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, NormShape>(NormKernels.Apply);

    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<uint>, ArrayView<uint>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ProductShape> Product { get; } =
        kernels.Load<ArrayView<float>, ArrayView<uint>, ArrayView<uint>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ProductShape>(ProductKernels.Product);

    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<int>, ArrayView<float>, ArrayView<uint>, ArrayView<uint>, ArrayView<float>, ExpertShape> GateUp { get; } =
        kernels.Load<ArrayView<float>, ArrayView<int>, ArrayView<float>, ArrayView<uint>, ArrayView<uint>, ArrayView<float>, ExpertShape>(ExpertKernels.GateUp);

    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<int>, ArrayView<float>, ArrayView<uint>, ArrayView<float>, ExpertShape> Down { get; } =
        kernels.Load<ArrayView<float>, ArrayView<int>, ArrayView<float>, ArrayView<uint>, ArrayView<float>, ExpertShape>(ExpertKernels.Down);

    public Action<AcceleratorStream, KernelConfig, ArrayView<int>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, RotateShape> RotateAppend { get; } =
        kernels.Load<ArrayView<int>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, RotateShape>(RotateKernels.RotateAppend);

    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, int, int, int, int> Rotate { get; } =
        kernels.Load<ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, int, int, int, int>(RotateKernels.Rotate);

    public Action<AcceleratorStream, KernelConfig, ArrayView<int>, ArrayView<float>, ArrayView<float>, ArrayView<float>, AttendShape> Attend { get; } =
        kernels.Load<ArrayView<int>, ArrayView<float>, ArrayView<float>, ArrayView<float>, AttendShape>(AttentionKernels.Attend);

    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, TileAttendShape> AttendTiles { get; } =
        kernels.Load<ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, TileAttendShape>(AttentionKernels.AttendTiles);

    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<int>, ArrayView<float>, RouteShape> Route { get; } =
        kernels.Load<ArrayView<float>, ArrayView<int>, ArrayView<float>, RouteShape>(RouteKernels.Route);

    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<int>, ArrayView<float>, BestShape> BestStrips { get; } =
        kernels.Load<ArrayView<float>, ArrayView<int>, ArrayView<float>, BestShape>(BestKernels.Strips);

    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<int>, ArrayView<float>, ArrayView<int>, ArrayView<float>, BestShape> Best { get; } =
        kernels.Load<ArrayView<float>, ArrayView<int>, ArrayView<float>, ArrayView<int>, ArrayView<float>, BestShape>(BestKernels.Merge);

    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, UnfoldShape> Unfold { get; } =
        kernels.Load<ArrayView<float>, ArrayView<float>, UnfoldShape>(VisionKernels.Unfold);

    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<uint>, ArrayView<float>, StoredShape, int, int> AddPositions { get; } =
        kernels.Load<ArrayView<float>, ArrayView<float>, ArrayView<uint>, ArrayView<float>, StoredShape, int, int>(VisionKernels.AddPositions);

    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, int, int, int, int> PixelShuffle { get; } =
        kernels.Load<ArrayView<float>, ArrayView<float>, int, int, int, int>(VisionKernels.PixelShuffle);

    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ProductShape> Epilogues { get; } =
        kernels.Load<ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ProductShape>(ProductKernels.Epilogues);

    public Action<AcceleratorStream, KernelConfig, ArrayView<int>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ExpertShape> FinishGateUp { get; } =
        kernels.Load<ArrayView<int>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ExpertShape>(ExpertKernels.FinishGateUp);

    public Action<AcceleratorStream, KernelConfig, ArrayView<int>, ArrayView<float>, ArrayView<float>, ExpertShape> FinishDown { get; } =
        kernels.Load<ArrayView<int>, ArrayView<float>, ArrayView<float>, ExpertShape>(ExpertKernels.FinishDown);

    public Action<AcceleratorStream, KernelConfig, ArrayView<int>, ArrayView<int>, GroupShape> Count { get; } =
        kernels.Load<ArrayView<int>, ArrayView<int>, GroupShape>(GroupKernels.Count);

    public Action<AcceleratorStream, KernelConfig, ArrayView<int>, ArrayView<int>, ArrayView<int>, ArrayView<int>, GroupShape> Place { get; } =
        kernels.Load<ArrayView<int>, ArrayView<int>, ArrayView<int>, ArrayView<int>, GroupShape>(GroupKernels.Place);

    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<uint>, int, int, int> Round { get; } =
        kernels.Load<ArrayView<float>, ArrayView<uint>, int, int, int>(GroupKernels.Round);

    public Action<AcceleratorStream, KernelConfig, ArrayView<int>, ArrayView<Floats4>, ArrayView<Words4>, PackShape> PackPages { get; } =
        kernels.Load<ArrayView<int>, ArrayView<Floats4>, ArrayView<Words4>, PackShape>(PackKernels.Pages);

    public Action<AcceleratorStream, KernelConfig, ArrayView<Floats4>, ArrayView<Floats4>, ArrayView<Words4>, FlashShape> PackTiles { get; } =
        kernels.Load<ArrayView<Floats4>, ArrayView<Floats4>, ArrayView<Words4>, FlashShape>(PackKernels.Tiles);
}
