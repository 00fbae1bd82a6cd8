using System.Runtime.InteropServices;
using Pipeline.Kernels;

namespace Pipeline.Benchmarks.Products;

/// <summary>One shape of product, its weights cycled through a set larger than the caches, as a model's layers are.</summary>
internal static class ProductBenchmark
{
    private const long WeightSet = 256 << 20;

    /// <summary>Floating-point operations and weight bytes a second.</summary>
    public static unsafe (double Flops, double Bytes) Run(
        CpuTeam team, InstructionPath path, int inputs, int outputs, WeightOrientation orientation, int rows)
    {
        var size = (long)inputs * outputs * sizeof(ushort);
        var memory = (byte*)NativeMemory.AlignedAlloc((nuint)WeightSet, 64);
        new Random(1).NextBytes(new Span<byte>(memory, (int)WeightSet));

        // Numbers near 1: bytes at random would hold infinities.
        for (var i = 1L; i < WeightSet; i += 2)
        {
            memory[i] = 0x3F;
        }

        using var device = new PortableDevice(team, path);
        var output = device.Allocate("output", rows, outputs);
        var input = device.Allocate("input", rows, inputs);
        device.Upload(Enumerable.Range(0, rows * inputs).Select(i => (i % 7) - 3f).ToArray(), input, 0);
        var stride = orientation == WeightOrientation.OutputsByInputs ? inputs : outputs;
        var products = Enumerable.Range(0, (int)(WeightSet / size)).Select(i => (Projection[])
        [
            new(device.Load(new WeightSpec("w", outputs, inputs, NumberFormat.BF16, orientation, [new WeightPart((nint)(memory + (i * size)), stride)], team)), output),
        ]).ToArray();
        var next = 0;
        var seconds = Fastest.Seconds(() =>
        {
            device.Product(input, rows, products[next++ % products.Length]);
            return 0;
        });
        NativeMemory.AlignedFree(memory);
        return (2.0 * rows * inputs * outputs / seconds, size / seconds);
    }
}
