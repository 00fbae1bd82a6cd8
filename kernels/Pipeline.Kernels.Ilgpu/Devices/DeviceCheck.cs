using System.Runtime.InteropServices;

namespace Pipeline.Kernels;

/// <summary>
/// A look at a driver before anything is asked of it: small cases of the operations that a wrong compiler would show in, against
/// double precision. Takes milliseconds.
/// </summary>
internal static unsafe class DeviceCheck
{
    private const int Rows = 5;
    private const int Hidden = 48;
    private const int Heads = 2;
    private const int Experts = 3;
    private const int Slots = 2;
    private const double Tolerance = 1e-4;

    /// <exception cref="PipelineException">What <paramref name="refuse"/> makes of the operation that differs.</exception>
    public static void Run(IDevice device, Func<string, PipelineException> refuse, double tolerance = Tolerance)
    {
        using var reference = new ReferenceDevice();
        foreach (var ((operation, expected), (_, actual)) in Compute(reference).Zip(Compute(device)))
        {
            var largest = expected.Zip(actual).Max(pair => Math.Abs((double)pair.First - pair.Second));
            if (!(largest <= tolerance))
            {
                throw refuse($"its {operation} is {largest:0.0e+0} from the right result");
            }
        }
    }

    private static List<(string Operation, float[] Result)> Compute(IDevice device)
    {
        var random = new Random(1);
        var results = new List<(string, float[])>();
        void Add(string operation, DeviceBuffer buffer)
        {
            var values = new float[buffer.Rows * buffer.Columns];
            device.Read(buffer, 0, buffer.Rows, values);
            results.Add((operation, values));
        }

        var input = Filled(device, random, Hidden);
        var (normed, sums, attended, logits) = (
            device.Allocate("normed", Rows, Hidden), device.Allocate("sums", Rows, Hidden), device.Allocate("attended", Rows, Hidden), device.Allocate("logits", Rows, 300));
        device.Norm(NormKind.Rms, input, Rows, Weight(device, random, 1, Hidden), bias: null, 1e-5f, normed);
        Add("norm", normed);
        var (weight, gate) = (Weight(device, random, Hidden, Hidden), Weight(device, random, Hidden, Hidden));
        device.Product(normed, Rows, [new Projection(weight, sums, Epilogue: Epilogue.SwiGlu, Gate: gate)]);
        Add("product", sums);

        var table = new StepTable(Rows, sequences: 1, pages: 1, pairs: Hidden / Heads / 2) { Rows = Rows, Sequences = 1 };
        for (var i = 0; i < Rows; i++)
        {
            table.Positions[i] = i;
        }

        for (var i = 0; i < table.Cosines.Length; i++)
        {
            (table.Sines[i], table.Cosines[i]) = MathF.SinCos(i);
        }

        var spec = new AttentionSpec(Heads, 1, Hidden / Heads, AttentionKind.Full, 0, Rotate: true, QueryKeyNorm.AfterRotation, 1e-5f, ScaleQuery: false, 0.2f);
        var pool = device.AllocateKv(new KvShape(Layers: 1, Pages: 1, PageTokens: 8, KvHeads: 1, Hidden / Heads));
        device.Upload(table);
        device.RotateAppend(table, spec, normed, Filled(device, random, Hidden / Heads), Filled(device, random, Hidden / Heads), pool, 0);
        device.Attend(table, spec, normed, pool, 0, attended);
        Add("attention", attended);

        var routing = device.AllocateRouting(Rows, Slots);
        var (inner, routed) = (device.Allocate("inner", Rows * Slots, Hidden), device.Allocate("routed", Rows * Slots, Hidden));
        device.Route(input, Rows, Weight(device, random, Experts, Hidden), RouterScore.Sigmoid, routing);
        var experts = new ExpertWeights(
            Weight(device, random, Hidden, Hidden, Experts), Weight(device, random, Hidden, Hidden, Experts), Weight(device, random, Hidden, Hidden, Experts), ScoreOn.Input);
        device.ExpertRows(input, routing, Rows, experts, inner, routed);
        Add("experts", routed);

        var choices = device.AllocateChoices(Rows);
        var chosen = new TokenChoice[Rows];
        device.Logits(input, Rows, Weight(device, random, 300, Hidden), logits);
        device.Best(logits, Rows, choices);
        device.Read(choices, Rows, chosen);
        results.Add(("choice", [.. chosen.SelectMany(choice => new[] { choice.Token, choice.LogProbability })]));
        return results;
    }

    private static DeviceBuffer Filled(IDevice device, Random random, int columns)
    {
        var buffer = device.Allocate("rows", Rows, columns);
        device.Upload(Numbers(random, Rows * columns), buffer, 0);
        return buffer;
    }

    /// <summary>A BF16 weight of small numbers, in memory that lives as long as its handle.</summary>
    private static DeviceWeight Weight(IDevice device, Random random, int outputs, int inputs, int parts = 1)
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
            stored));
    }

    private static float[] Numbers(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (2 * random.NextSingle()) - 1)];
}
