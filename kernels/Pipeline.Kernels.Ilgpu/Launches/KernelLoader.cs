using ILGPU;
using ILGPU.Runtime;
using static Pipeline.Kernels.Argument;

namespace Pipeline.Kernels;

/// <summary>Compiles kernels for one accelerator; each launch of them goes through its queue.</summary>
internal sealed class KernelLoader(Accelerator accelerator, LaunchQueue queue)
{
    public Action<AcceleratorStream, KernelConfig, T1, T2, T3> Load<T1, T2, T3>(Action<T1, T2, T3> method, KernelSpecialization specialization = default)
        where T1 : struct
        where T2 : struct
        where T3 : struct
    {
        var launch = accelerator.LoadKernel(method, specialization);
        var kernel = new LoadedKernel<(T1, T2, T3)>(
            (stream, size, x) => launch(stream, size, x.Item1, x.Item2, x.Item3),
            (x, y) => IsSame(x.Item1, y.Item1) && IsSame(x.Item2, y.Item2) && IsSame(x.Item3, y.Item3));
        return (_, size, a, b, c) => queue.Add(kernel, size, (a, b, c));
    }

    public Action<AcceleratorStream, KernelConfig, T1, T2, T3, T4> Load<T1, T2, T3, T4>(Action<T1, T2, T3, T4> method, KernelSpecialization specialization = default)
        where T1 : struct
        where T2 : struct
        where T3 : struct
        where T4 : struct
    {
        var launch = accelerator.LoadKernel(method, specialization);
        var kernel = new LoadedKernel<(T1, T2, T3, T4)>(
            (stream, size, x) => launch(stream, size, x.Item1, x.Item2, x.Item3, x.Item4),
            (x, y) => IsSame(x.Item1, y.Item1) && IsSame(x.Item2, y.Item2) && IsSame(x.Item3, y.Item3) && IsSame(x.Item4, y.Item4));
        return (_, size, a, b, c, d) => queue.Add(kernel, size, (a, b, c, d));
    }

    public Action<AcceleratorStream, KernelConfig, T1, T2, T3, T4, T5> Load<T1, T2, T3, T4, T5>(Action<T1, T2, T3, T4, T5> method, KernelSpecialization specialization = default)
        where T1 : struct
        where T2 : struct
        where T3 : struct
        where T4 : struct
        where T5 : struct
    {
        var launch = accelerator.LoadKernel(method, specialization);
        var kernel = new LoadedKernel<(T1, T2, T3, T4, T5)>(
            (stream, size, x) => launch(stream, size, x.Item1, x.Item2, x.Item3, x.Item4, x.Item5),
            (x, y) => IsSame(x.Item1, y.Item1) && IsSame(x.Item2, y.Item2) && IsSame(x.Item3, y.Item3) && IsSame(x.Item4, y.Item4) && IsSame(x.Item5, y.Item5));
        return (_, size, a, b, c, d, e) => queue.Add(kernel, size, (a, b, c, d, e));
    }

    public Action<AcceleratorStream, KernelConfig, T1, T2, T3, T4, T5, T6> Load<T1, T2, T3, T4, T5, T6>(Action<T1, T2, T3, T4, T5, T6> method, KernelSpecialization specialization = default)
        where T1 : struct
        where T2 : struct
        where T3 : struct
        where T4 : struct
        where T5 : struct
        where T6 : struct
    {
        var launch = accelerator.LoadKernel(method, specialization);
        var kernel = new LoadedKernel<(T1, T2, T3, T4, T5, T6)>(
            (stream, size, x) => launch(stream, size, x.Item1, x.Item2, x.Item3, x.Item4, x.Item5, x.Item6),
            (x, y) => IsSame(x.Item1, y.Item1) && IsSame(x.Item2, y.Item2) && IsSame(x.Item3, y.Item3) && IsSame(x.Item4, y.Item4)
                && IsSame(x.Item5, y.Item5) && IsSame(x.Item6, y.Item6));
        return (_, size, a, b, c, d, e, f) => queue.Add(kernel, size, (a, b, c, d, e, f));
    }

    public Action<AcceleratorStream, KernelConfig, T1, T2, T3, T4, T5, T6, T7> Load<T1, T2, T3, T4, T5, T6, T7>(Action<T1, T2, T3, T4, T5, T6, T7> method, KernelSpecialization specialization = default)
        where T1 : struct
        where T2 : struct
        where T3 : struct
        where T4 : struct
        where T5 : struct
        where T6 : struct
        where T7 : struct
    {
        var launch = accelerator.LoadKernel(method, specialization);
        var kernel = new LoadedKernel<(T1, T2, T3, T4, T5, T6, T7)>(
            (stream, size, x) => launch(stream, size, x.Item1, x.Item2, x.Item3, x.Item4, x.Item5, x.Item6, x.Item7),
            (x, y) => IsSame(x.Item1, y.Item1) && IsSame(x.Item2, y.Item2) && IsSame(x.Item3, y.Item3) && IsSame(x.Item4, y.Item4)
                && IsSame(x.Item5, y.Item5) && IsSame(x.Item6, y.Item6) && IsSame(x.Item7, y.Item7));
        return (_, size, a, b, c, d, e, f, g) => queue.Add(kernel, size, (a, b, c, d, e, f, g));
    }

    public Action<AcceleratorStream, KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8> Load<T1, T2, T3, T4, T5, T6, T7, T8>(Action<T1, T2, T3, T4, T5, T6, T7, T8> method, KernelSpecialization specialization = default)
        where T1 : struct
        where T2 : struct
        where T3 : struct
        where T4 : struct
        where T5 : struct
        where T6 : struct
        where T7 : struct
        where T8 : struct
    {
        var launch = accelerator.LoadKernel(method, specialization);
        var kernel = new LoadedKernel<(T1, T2, T3, T4, T5, T6, T7, T8)>(
            (stream, size, x) => launch(stream, size, x.Item1, x.Item2, x.Item3, x.Item4, x.Item5, x.Item6, x.Item7, x.Item8),
            (x, y) => IsSame(x.Item1, y.Item1) && IsSame(x.Item2, y.Item2) && IsSame(x.Item3, y.Item3) && IsSame(x.Item4, y.Item4)
                && IsSame(x.Item5, y.Item5) && IsSame(x.Item6, y.Item6) && IsSame(x.Item7, y.Item7) && IsSame(x.Item8, y.Item8));
        return (_, size, a, b, c, d, e, f, g, h) => queue.Add(kernel, size, (a, b, c, d, e, f, g, h));
    }
}
