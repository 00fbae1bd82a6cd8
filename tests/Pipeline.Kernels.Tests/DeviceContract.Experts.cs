namespace Pipeline.Kernels.Tests;

public abstract partial class DeviceContract
{
    [DeviceTheory]
    [InlineData(RouterScore.Sigmoid)]
    [InlineData(RouterScore.SoftmaxThenTop)]
    [InlineData(RouterScore.TopThenSoftmax)]
    public void Route_chooses_and_scores_experts(RouterScore score)
    {
        using var weights = new TestWeights(seed: 30);
        foreach (var (experts, slots) in new[] { (1, 1), (4, 2), (17, 3), (128, 8) })
        {
            const int rows = 7, inputs = 33;
            var router = weights.Matrix(experts, inputs, NumberFormat.F32, WeightOrientation.OutputsByInputs);
            var input = weights.Numbers(rows * inputs);
            var (expected, expectedScores) = Route(new ReferenceDevice(), input, rows, router, slots, score);
            var (actual, actualScores) = Route(Create(threads: 2), input, rows, router, slots, score);
            Assert.Equal(expected, actual);
            Close(expectedScores, actualScores, Budget.Sum(inputs), $"{score}, {slots} of {experts}");
        }
    }

    [DeviceFact]
    public void Route_gives_ties_to_the_lower_expert()
    {
        using var weights = new TestWeights(seed: 31);
        var router = weights.Matrix(outputs: 9, inputs: 4, NumberFormat.F32, WeightOrientation.OutputsByInputs);
        var (experts, _) = Route(Create(threads: 1), new float[4], rows: 1, router, slots: 3, RouterScore.Sigmoid);
        Assert.Equal([0, 1, 2], experts);
    }

    [DeviceTheory]
    [InlineData(ScoreOn.Input)]
    [InlineData(ScoreOn.Output)]
    public void ExpertRows_matches_the_reference(ScoreOn scoreOn)
    {
        using var weights = new TestWeights(seed: 32);
        foreach (var orientation in Orientations)
        {
            foreach (var (rows, slots, experts) in new[] { (1, 1, 4), (9, 2, 3), (40, 1, 16), (140, 3, 2) })
            {
                const int hidden = 40, innerSize = 67;
                var format = weights.Pick(Formats);
                var gate = weights.Matrix(innerSize, hidden, format, orientation, experts, gap: 67, range: 0.5f);
                var up = weights.Matrix(innerSize, hidden, format, orientation, experts, gap: 5, range: 0.5f);
                var down = weights.Matrix(hidden, innerSize, format, orientation, experts, range: 0.5f);
                var input = weights.Numbers(rows * hidden);
                var chosen = Enumerable.Range(0, rows * slots).Select(_ => weights.Next(-1, experts)).ToArray();
                var scores = weights.Numbers(rows * slots);
                Matches(8 * Budget.Sum(innerSize), $"{rows} rows, {slots} of {experts} experts, {format} {orientation}", device =>
                {
                    var routing = device.AllocateRouting(rows, slots);
                    device.Upload(chosen, scores, routing);
                    var output = device.Allocate("output", rows * slots, hidden);
                    device.ExpertRows(
                        Upload(device, input, rows),
                        routing,
                        rows,
                        new ExpertWeights(device.Load(gate), device.Load(up), device.Load(down), scoreOn),
                        device.Allocate("inner", rows * slots, innerSize),
                        output);
                    return Read(device, output);
                });
            }
        }
    }

    private static (int[] Experts, float[] Scores) Route(
        IDevice device, float[] input, int rows, WeightSpec router, int slots, RouterScore score)
    {
        using (device)
        {
            var routing = device.AllocateRouting(rows, slots);
            device.Route(Upload(device, input, rows), rows, device.Load(router), score, routing);
            var (experts, scores) = (new int[rows * slots], new float[rows * slots]);
            device.Read(routing, rows, experts, scores);
            return (experts, scores);
        }
    }
}
