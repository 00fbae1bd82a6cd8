namespace Pipeline.Kernels.Tests;

/// <summary>
/// What every device must do, compared with <see cref="ReferenceDevice"/> within a written budget. A device adds one small class
/// that makes it, with a <see cref="NeedsAttribute"/> where not every machine has it; the cases know nothing but <see cref="IDevice"/>.
/// </summary>
public abstract partial class DeviceContract
{
    /// <summary>Sizes around the widths of vectors, blocks and tiles.</summary>
    private static readonly int[] Sizes = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 130];

    private static readonly NumberFormat[] Formats = [NumberFormat.F32, NumberFormat.F16, NumberFormat.BF16];

    private static readonly WeightOrientation[] Orientations = [WeightOrientation.OutputsByInputs, WeightOrientation.InputsByOutputs];

    private static readonly Placement[] Placements = [Placement.Start, Placement.End, Placement.Odd];

    /// <summary>A device on that many threads.</summary>
    protected abstract IDevice Create(int threads);

    /// <summary>Runs the same calls on the device and on the reference and compares what they return.</summary>
    private void Matches(double budget, string what, Func<IDevice, float[]> calls)
    {
        using var device = Create(threads: 2);
        using var reference = new ReferenceDevice();
        Close(calls(reference), calls(device), budget, what);
    }

    private static void Close(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double budget, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            var difference = Math.Abs((double)expected[i] - actual[i]);
            if (!(difference <= budget))
            {
                Assert.Fail($"{what}: element {i} is {actual[i]}, expected {expected[i]}: {difference:G3} apart, budget {budget:G3}");
            }
        }
    }
}
