using ILGPU;

namespace Pipeline.Kernels;

/// <summary>
/// The items of a launch that one thread computes: every stride-th, so that any number of groups of any size covers any number of
/// items. Plain kernels have no barriers and no warp operations; each output belongs to one thread, which sums in a fixed order.
/// </summary>
internal static class Items
{
    public static long First => ((long)Grid.IdxX * Group.DimX) + Group.IdxX;

    public static long Stride => (long)Grid.DimX * Group.DimX;
}
