using System.Runtime.InteropServices;

namespace Pipeline.Kernels;

/// <summary>
/// A look at a driver before anything is asked of it: small cases of the operations that a wrong compiler would show in, against
/// double precision. Takes a fraction of a second.
/// </summary>
internal static unsafe class DeviceCheck
{
    private const int Hidden = 64;
    private const int Heads = 2;
    private const int Experts = 3;
    private const int Slots = 2;

    /// <summary>Allowed where rows stay float32.</summary>
    private const double Tolerance = 1e-4;

    /// <summary>Allowed where the tensor cores may round rows to BF16.</summary>
    private const double RoundedTolerance = 2e-2;

    /// <summary>What is wrong with the first operation that is, or null.</summary>
    /// <param name="device">The device to look at, with few rows and with so many that every kernel has its turn, and some a second tile.</param>
    public static string? Difference(IDevice device) => Difference(device, Tolerance);

    /// <summary>The same, where few rows may differ by so much and no more.</summary>
    public static string? Difference(IDevice device, double tolerance) =>
        Difference(device, IlgpuDevice.FewRows / Slots, tolerance) ?? Difference(device, rows: 70, RoundedTolerance);

    private static string? Difference(IDevice device, int rows, double tolerance)
    {
        using var reference = new ReferenceDevice();
        foreach (var ((operation, expected), (_, actual)) in Compute(reference, rows).Zip(Compute(device, rows)))
        {
            var largest = expected.Zip(actual).Max(pair => Math.Abs((double)pair.First - pair.Second));
            if (!(largest <= tolerance))
            {
                return $"its {operation} of {rows} rows is {largest:0.0e+0} from the right result";
            }
        }

        return null;
    }

    private static List<(string Operation, float[] Result)> Compute(IDevice device, int rows)
    {
        var random = new Random(rows);
        var results = new List<(string, float[])>();
        void Add(string operation, DeviceBuffer buffer)
        {
            var values = new float[buffer.Rows * buffer.Columns];
            device.Read(buffer, 0, buffer.Rows, values);
            results.Add((operation, values));
        }

        var input = Filled(device, random, rows, Hidden);
        var (normed, sums, attended) = (device.Allocate("normed", rows, Hidden), device.Allocate("sums", rows, Hidden), device.Allocate("attended", rows, Hidden));
        device.Norm(NormKind.Rms, input, rows, Weight(device, random, 1, Hidden), bias: null, 1e-5f, normed);
        Add("norm", normed);
        var (weight, gate) = (Weight(device, random, Hidden, Hidden), Weight(device, random, Hidden, Hidden));
        device.Product(input, rows, [new Projection(weight, sums, Epilogue: Epilogue.SwiGlu, Gate: gate)]);
        Add("product", sums);
        foreach (var quantization in (ReadOnlySpan<Quantization>)[Quantization.Int8, Quantization.Int4])
        {
            device.Product(input, rows, [new Projection(Weight(device, random, Hidden, Hidden, quantization: quantization), sums)]);
            Add($"{quantization} product", sums);
        }

        var (table, pool) = Sequence(device, rows);
        var spec = new AttentionSpec(Heads, 1, Hidden / Heads, AttentionKind.Full, 0, Rotate: true, QueryKeyNorm.AfterRotation, 1e-5f, ScaleQuery: false, 0.2f);
        device.Upload(table);
        device.RotateAppend(table, spec, normed, Filled(device, random, rows, Hidden / Heads), Filled(device, random, rows, Hidden / Heads), pool, 0);
        device.Attend(table, spec, normed, pool, 0, attended);
        Add("attention", attended);
        device.AttendTiles(normed, input, sums, tiles: 1, rows, Heads, 0.2f, attended);
        Add("attention in tiles", attended);

        var routing = device.AllocateRouting(rows, Slots);
        var (inner, routed) = (device.Allocate("inner", rows * Slots, Hidden), device.Allocate("routed", rows * Slots, Hidden));
        device.Route(input, rows, Weight(device, random, Experts, Hidden), RouterScore.Sigmoid, routing);
        var experts = new ExpertWeights(
            Weight(device, random, Hidden, Hidden, Experts), Weight(device, random, Hidden, Hidden, Experts), Weight(device, random, Hidden, Hidden, Experts), ScoreOn.Input);
        device.ExpertRows(input, routing, rows, experts, inner, routed);
        Add("experts", routed);

        // Of the rows themselves: rounded logits may have another best token.
        var choices = device.AllocateChoices(rows);
        var chosen = new TokenChoice[rows];
        device.Best(input, rows, choices);
        device.Read(choices, rows, chosen);
        results.Add(("choice", [.. chosen.SelectMany(choice => new[] { choice.Token, choice.LogProbability })]));
        return results;
    }

    /// <summary>One sequence of that many rows in pages of 8.</summary>
    private static (StepTable Table, KvPool Pool) Sequence(IDevice device, int rows)
    {
        const int pageTokens = 8;
        var pages = (rows + pageTokens - 1) / pageTokens;
        var table = new StepTable(rows, sequences: 1, pages, pairs: Hidden / Heads / 2) { Rows = rows, Sequences = 1 };
        for (var i = 0; i < rows; i++)
        {
            table.Positions[i] = i;
        }

        for (var i = 0; i < pages; i++)
        {
            table.Pages(AttentionKind.Full)[i] = pages - 1 - i;
        }

        for (var i = 0; i < table.Cosines.Length; i++)
        {
            (table.Sines[i], table.Cosines[i]) = MathF.SinCos(i);
        }

        return (table, device.AllocateKv(new KvShape(Layers: 1, pages, pageTokens, KvHeads: 1, Hidden / Heads)));
    }

    private static DeviceBuffer Filled(IDevice device, Random random, int rows, int columns)
    {
        var buffer = device.Allocate("rows", rows, columns);
        device.Upload(Numbers(random, rows * columns), buffer, 0);
        return buffer;
    }

    /// <summary>A BF16 weight of small numbers, in memory that lives as long as its handle.</summary>
    internal static DeviceWeight Weight(
        IDevice device, Random random, int outputs, int inputs, int parts = 1, Quantization quantization = Quantization.None)
    {
        var stored = GC.AllocateArray<ushort>(parts * outputs * inputs, pinned: true);
        var numbers = Numbers(random, stored.Length);
        for (var i = 0; i < stored.Length; i++)
        {
            stored[i] = (ushort)(BitConverter.SingleToUInt32Bits(numbers[i] / 4) >> 16);
        }

        var address = (nint)System.Runtime.CompilerServices.Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(stored));
        return device.Load(new WeightSpec(
            "check",
            outputs,
            inputs,
            NumberFormat.BF16,
            WeightOrientation.OutputsByInputs,
            [.. Enumerable.Range(0, parts).Select(part => new WeightPart(address + ((nint)part * outputs * inputs * sizeof(ushort)), inputs))],
            stored,
            quantization));
    }

    private static float[] Numbers(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (2 * random.NextSingle()) - 1)];
}
