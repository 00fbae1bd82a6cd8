using ILGPU;
using ILGPU.Runtime;

namespace Pipeline.Kernels;

/// <summary>A kernel, launched once with these arguments.</summary>
internal abstract class Launch
{
    public abstract void Run(AcceleratorStream stream);
}

/// <summary>A kernel compiled for one accelerator, whose arguments can be kept and compared.</summary>
/// <param name="run">Launches it.</param>
/// <param name="same">Whether two launches would be told the same.</param>
internal sealed class LoadedKernel<TArguments>(
    Action<AcceleratorStream, KernelConfig, TArguments> run, Func<TArguments, TArguments, bool> same)
    where TArguments : struct
{
    public void Run(AcceleratorStream stream, KernelConfig size, in TArguments arguments) => run(stream, size, arguments);

    public Launch Keep(KernelConfig size, in TArguments arguments) => new Kept(this, size, arguments);

    public bool IsSame(Launch kept, KernelConfig size, in TArguments arguments) =>
        kept is Kept other
        && ReferenceEquals(other.Kernel, this)
        && other.Size.GridDim == size.GridDim
        && other.Size.GroupDim == size.GroupDim
        && same(other.Arguments, arguments);

    private sealed class Kept(LoadedKernel<TArguments> kernel, KernelConfig size, TArguments arguments) : Launch
    {
        public LoadedKernel<TArguments> Kernel { get; } = kernel;

        public KernelConfig Size { get; } = size;

        public TArguments Arguments { get; } = arguments;

        public override void Run(AcceleratorStream stream) => Kernel.Run(stream, Size, Arguments);
    }
}

/// <summary>Whether two arguments of a kernel are the same: numbers and shapes by value, views by the memory that they show (freed memory is no memory).</summary>
internal static class Argument
{
    public static bool IsSame<T>(T left, T right)
        where T : struct => Comparer<T>.Default.Equals(left, right);

    private static class Comparer<T>
        where T : struct
    {
        // ILGPU's views bring no equality of their own, and the runtime's compares them by reflection.
        public static IEqualityComparer<T> Default { get; } = typeof(T) is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(ArrayView<>)
            ? (IEqualityComparer<T>)Activator.CreateInstance(typeof(SameView<>).MakeGenericType(type.GenericTypeArguments))!
            : EqualityComparer<T>.Default;
    }

    private sealed class SameView<T> : EqualityComparer<ArrayView<T>>
        where T : unmanaged
    {
        public override bool Equals(ArrayView<T> x, ArrayView<T> y) =>
            x.LoadEffectiveAddressAsPtr() == y.LoadEffectiveAddressAsPtr() && x.Length == y.Length;

        public override int GetHashCode(ArrayView<T> view) => HashCode.Combine(view.LoadEffectiveAddressAsPtr(), view.Length);
    }
}
