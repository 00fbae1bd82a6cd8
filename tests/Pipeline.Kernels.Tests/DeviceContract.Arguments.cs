namespace Pipeline.Kernels.Tests;

public abstract partial class DeviceContract
{
    [DeviceFact]
    public void Mismatched_shapes_are_refused_by_operation_and_name()
    {
        using var device = Create(threads: 1);
        using var weights = new TestWeights(seed: 70);
        var narrow = device.Allocate("narrow", 4, 8);
        var wide = device.Allocate("wide", 4, 9);
        var square = device.Load(weights.Matrix(9, 9, NumberFormat.F32, WeightOrientation.OutputsByInputs));
        var lying = device.Load(weights.Matrix(9, 9, NumberFormat.F32, WeightOrientation.InputsByOutputs));
        var vector = device.Load(weights.Vector(9));
        var table = new StepTable(rows: 4, sequences: 1, pages: 1, pairs: 4) { Rows = 4, VisualRows = 1, Outputs = 1 };
        var pool = device.AllocateKv(new KvShape(Layers: 1, Pages: 1, PageTokens: 4, KvHeads: 1, HeadSize: 8));
        var attention = new AttentionSpec(1, 1, 8, AttentionKind.Full, 0, Rotate: false, QueryKeyNorm.None, 0, ScaleQuery: false, 1);
        var routing = device.AllocateRouting(2, 1);

        Refuses("Upload", "wide", () => device.Upload(new float[10], wide, 0));
        Refuses("Upload", "wide", () => device.Upload(new float[18], wide, 3));
        Refuses("Read", "wide", () => device.Read(wide, 2, 3, new float[27]));
        Refuses("Norm", "narrow", () => device.Norm(NormKind.Rms, wide, 4, vector, bias: null, 0, narrow));
        Refuses("Norm", "wide", () => device.Norm(NormKind.Rms, wide, 5, vector, bias: null, 0, wide));
        Refuses("Product", "weight", () => device.Product(narrow, 4, [new Projection(square, wide)]));
        Refuses("Product", "wide", () => device.Product(wide, 4, [new Projection(square, wide)]));
        Refuses("Product", "weight", () => device.Product(wide, 4, [new Projection(square, narrow)]));
        Refuses("Product", "weight", () => device.Product(wide, 4, [new Projection(square, device.Allocate("o", 4, 9), Epilogue: Epilogue.SwiGlu)]));
        Refuses("Product", "weight", () => device.Product(wide, 4, [new Projection(square, device.Allocate("o", 4, 9), Residual: wide)]));
        Refuses("Embed", "weight", () => device.Embed(table, lying, wide));
        Refuses("ScatterRows", "narrow", () => device.ScatterRows(table, narrow, wide));
        Refuses("GatherRows", "narrow", () => device.GatherRows(table, wide, narrow));
        Refuses("Attend", "pool", () => device.Attend(table, attention with { KvHeads = 2, Heads = 2 }, narrow, pool, 0, narrow));
        Refuses("Attend", "pool", () => device.Attend(table, attention, narrow, pool, 1, narrow));
        Refuses("Attend", "pool", () => device.Attend(table, attention with { Chunk = 6 }, narrow, pool, 0, narrow));
        Refuses("RotateAppend", "wide", () => device.RotateAppend(table, attention, narrow, narrow, wide, pool, 0));
        Refuses("Route", "routing", () => device.Route(wide, 4, square, RouterScore.Sigmoid, routing));
        Refuses("Combine", "narrow", () => device.Combine(wide, narrow, wide, 4, 1));
        Refuses("Combine", "wide", () => device.Combine(wide, wide, wide, 4, 2));
        Refuses("Best", "choices", () => device.Best(wide, 4, device.AllocateChoices(3)));
        Refuses("PixelShuffle", "wide", () => device.PixelShuffle(wide, 1, grid: 3, side: 2, wide));

        table.TokenIds[3] = 9;
        Refuses("Embed", "weight", () => device.Embed(table, square, wide));
        table.Rows = 5;
        Refuses("Upload", "step table", () => device.Upload(table));
    }

    [DeviceFact]
    public void A_page_outside_the_pool_is_refused()
    {
        using var device = Create(threads: 1);
        var table = new StepTable(rows: 1, sequences: 1, pages: 1, pairs: 4) { Rows = 1, Sequences = 1 };
        var pool = device.AllocateKv(new KvShape(Layers: 1, Pages: 3, PageTokens: 4, KvHeads: 1, HeadSize: 8));
        var attention = new AttentionSpec(1, 1, 8, AttentionKind.Full, 0, Rotate: false, QueryKeyNorm.None, 0, ScaleQuery: false, 1);
        var rows = device.Allocate("rows", 1, 8);
        foreach (var page in new[] { -1, 3 })
        {
            table.Pages(AttentionKind.Full)[0] = page;
            device.Upload(table);
            Assert.Throws<ArgumentException>(() => device.RotateAppend(table, attention, rows, rows, rows, pool, 0));
            Assert.Throws<ArgumentException>(() => device.Attend(table, attention, rows, pool, 0, rows));
        }
    }

    [DeviceFact]
    public void A_position_before_the_first_is_refused()
    {
        using var device = Create(threads: 1);
        var table = new StepTable(rows: 1, sequences: 1, pages: 1, pairs: 4) { Rows = 1, Sequences = 1 };
        var pool = device.AllocateKv(new KvShape(Layers: 1, Pages: 1, PageTokens: 4, KvHeads: 1, HeadSize: 8));
        var attention = new AttentionSpec(1, 1, 8, AttentionKind.Full, 0, Rotate: false, QueryKeyNorm.None, 0, ScaleQuery: false, 1);
        var rows = device.Allocate("rows", 1, 8);
        table.Positions[0] = -1;
        Refuses("RotateAppend", "step table", () => device.RotateAppend(table, attention, rows, rows, rows, pool, 0));
        Refuses("Attend", "step table", () => device.Attend(table, attention, rows, pool, 0, rows));
    }

    [DeviceFact]
    public void A_step_without_rows_changes_nothing()
    {
        using var weights = new TestWeights(seed: 72);
        var (weight, vector) = (weights.Matrix(9, 9, NumberFormat.BF16, WeightOrientation.OutputsByInputs), weights.Vector(9));
        var before = weights.Numbers(9);
        using var device = Create(threads: 2);
        var (rows, matrix) = (Upload(device, before, rows: 1), device.Load(weight));
        var table = new StepTable(rows: 1, sequences: 1, pages: 1, pairs: 1);
        var pool = device.AllocateKv(new KvShape(Layers: 1, Pages: 1, PageTokens: 4, KvHeads: 1, HeadSize: 9));
        var attention = new AttentionSpec(1, 1, 9, AttentionKind.Full, 0, Rotate: false, QueryKeyNorm.None, 0, ScaleQuery: false, 1);
        var routing = device.AllocateRouting(1, 1);
        device.Upload(table);
        device.Embed(table, matrix, rows);
        device.Norm(NormKind.Rms, rows, 0, device.Load(vector), bias: null, 1, rows);
        device.Product(device.Allocate("input", 1, 9), 0, [new Projection(matrix, rows)]);
        device.RotateAppend(table, attention, rows, rows, rows, pool, 0);
        device.Attend(table, attention, rows, pool, 0, rows);
        device.Route(rows, 0, matrix, RouterScore.Sigmoid, routing);
        device.ExpertRows(rows, routing, 0, new ExpertWeights(matrix, matrix, matrix, ScoreOn.Input), rows, rows);
        device.Combine(rows, rows, rows, 0, 1);
        device.Best(rows, 0, device.AllocateChoices(1));
        Assert.Equal(before, Read(device, rows));
    }

    [DeviceFact]
    public void A_weight_that_cannot_be_read_is_refused()
    {
        using var device = Create(threads: 1);
        using var weights = new TestWeights(seed: 71);
        var spec = weights.Matrix(4, 8, NumberFormat.F32, WeightOrientation.OutputsByInputs);
        Refuses("Load", "weight", () => device.Load(spec with { Parts = [] }));
        Refuses("Load", "weight", () => device.Load(spec with { Parts = [new WeightPart(spec.Parts[0].Address, Stride: 7)] }));
        Refuses("Load", "weight", () => device.Load(spec with { Inputs = 0 }));
    }

    [DeviceFact]
    public void A_freed_weight_leaves_the_others_as_they_were()
    {
        using var device = Create(threads: 1);
        using var weights = new TestWeights(seed: 72);
        var (kept, freed) = (device.Load(weights.Matrix(4, 8, NumberFormat.F32, WeightOrientation.OutputsByInputs)), device.Load(weights.Vector(9)));
        var (input, output) = (Upload(device, [1, 2, 3, 4, 5, 6, 7, 8], rows: 1), device.Allocate("output", 1, 4));
        device.Product(input, 1, [new Projection(kept, output)]);
        var before = Read(device, output);

        device.Free(freed);
        device.Product(input, 1, [new Projection(kept, output)]);

        Assert.Equal(before, Read(device, output));
        Refuses("Free", "weight", () => device.Free(freed));
    }

    private static void Refuses(string operation, string name, Action call)
    {
        var message = Assert.Throws<ArgumentException>(call).Message;
        Assert.StartsWith($"{operation}: {name}", message, StringComparison.Ordinal);
    }
}
