namespace Pipeline.Kernels.Tests;

public abstract partial class DeviceContract
{
    [DeviceTheory]
    [InlineData(NormKind.Rms, false)]
    [InlineData(NormKind.Layer, true)]
    public void Norm_matches_the_reference_at_any_width(NormKind kind, bool biased)
    {
        using var weights = new TestWeights(seed: 20);
        foreach (var columns in Sizes)
        {
            const int rows = 3;
            var (weight, bias) = (weights.Vector(columns, NumberFormat.BF16), weights.Vector(columns));
            var input = weights.Numbers(rows * columns);
            Matches(Budget.Norm(columns), $"{kind} of {columns}", device =>
            {
                var output = device.Allocate("output", rows, columns);
                device.Norm(kind, Upload(device, input, rows), rows, device.Load(weight), biased ? device.Load(bias) : null, 1e-2f, output);
                return Read(device, output);
            });
        }
    }

    [DeviceFact]
    public void Embed_copies_rows_and_leaves_those_of_visual_tokens()
    {
        using var weights = new TestWeights(seed: 21);
        var embedding = weights.Matrix(outputs: 11, inputs: 19, NumberFormat.BF16, WeightOrientation.OutputsByInputs, gap: 3);
        var before = weights.Numbers(4 * 19);
        Matches(0, "embed", device =>
        {
            var table = new StepTable(rows: 4, sequences: 1, pages: 1, pairs: 1) { Rows = 4 };
            new[] { 10, -1, 0, 10 }.CopyTo(table.TokenIds, 0);
            var output = Upload(device, before, rows: 4);
            device.Upload(table);
            device.Embed(table, device.Load(embedding), output);
            return Read(device, output);
        });
    }

    [DeviceFact]
    public void Rows_are_scattered_and_gathered_by_the_table()
    {
        using var weights = new TestWeights(seed: 22);
        var (visual, before) = (weights.Numbers(2 * 5), weights.Numbers(6 * 5));
        Matches(0, "scatter and gather", device =>
        {
            var table = new StepTable(rows: 6, sequences: 1, pages: 1, pairs: 1) { Rows = 6, VisualRows = 2, Outputs = 3 };
            new[] { 4, 1 }.CopyTo(table.VisualTargets, 0);
            new[] { 1, 5, 4 }.CopyTo(table.OutputRows, 0);
            var rows = Upload(device, before, rows: 6);
            var output = device.Allocate("output", 3, 5);
            device.Upload(table);
            device.ScatterRows(table, Upload(device, visual, rows: 2), rows);
            device.GatherRows(table, rows, output);
            return [.. Read(device, rows), .. Read(device, output)];
        });
    }

    [DeviceFact]
    public void Combine_adds_in_slot_order()
    {
        using var weights = new TestWeights(seed: 23);
        foreach (var slots in new[] { 0, 1, 3 })
        {
            const int rows = 5, columns = 37;
            var (residual, shared) = (weights.Numbers(rows * columns), weights.Numbers(rows * columns));
            var experts = weights.Numbers(rows * Math.Max(1, slots) * columns);
            Matches(4 * (slots + 2) * Budget.Rounding, $"combine of {slots}", device =>
            {
                var stream = Upload(device, residual, rows);
                device.Combine(stream, Upload(device, shared, rows), Upload(device, experts, rows * Math.Max(1, slots)), rows, slots);
                return Read(device, stream);
            });
        }
    }

    [DeviceFact]
    public void Best_finds_the_token_and_its_log_probability_at_any_width()
    {
        using var weights = new TestWeights(seed: 24);
        foreach (var columns in (int[])[.. Sizes, 5000])
        {
            var logits = weights.Numbers(3 * columns, range: 20);
            var (expected, actual) = (Choose(new ReferenceDevice(), logits, 3), Choose(Create(threads: 2), logits, 3));
            for (var row = 0; row < 3; row++)
            {
                Assert.Equal(expected[row].Token, actual[row].Token);
                Assert.True(actual[row].Finite);
                Assert.Equal(expected[row].LogProbability, actual[row].LogProbability, 2e-6f);
            }
        }
    }

    [DeviceFact]
    public void Best_gives_a_tie_to_the_lower_id()
    {
        var logits = new float[100];
        logits[40] = logits[41] = logits[99] = 2;
        Assert.Equal(40, Choose(Create(threads: 1), logits, rows: 1)[0].Token);
    }

    [DeviceTheory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void Best_reports_a_row_that_is_not_finite_wherever_it_is_not(float poison)
    {
        const int columns = 67;
        var logits = new float[columns * columns];
        for (var row = 1; row < columns; row++)
        {
            logits[(row * columns) + row] = poison;
        }

        var choices = Choose(Create(threads: 2), logits, rows: columns);
        Assert.Equal(Enumerable.Range(0, columns).Select(row => row == 0), choices.Select(choice => choice.Finite));
        Assert.All(choices, choice => Assert.InRange(choice.Token, 0, columns - 1));
    }

    private static TokenChoice[] Choose(IDevice device, float[] logits, int rows)
    {
        using (device)
        {
            var choices = device.AllocateChoices(rows);
            device.Best(Upload(device, logits, rows), rows, choices);
            var read = new TokenChoice[rows];
            device.Read(choices, rows, read);
            return read;
        }
    }
}
