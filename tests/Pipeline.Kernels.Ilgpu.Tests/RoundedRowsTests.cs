using Pipeline.Checkpoints;
using Pipeline.Model;
using Xunit.Abstractions;

namespace Pipeline.Kernels.Tests;

/// <summary>
/// The budget of the BF16 path: where rows are many and weights BF16, tensor cores read rows rounded to BF16 (a relative error of up to
/// 2^-9 an element). What that does to a whole model is measured without tensor cores, by rounding on the host what they would
/// read; a device that has them must keep the same budget.
/// </summary>
public sealed class RoundedRowsTests(ITestOutputHelper output)
{
    /// <summary>Largest difference of a logit of tiny-scout, whose logits go from -30 to 30, for rows rounded before every product but the experts' second.</summary>
    public const double LogitsBudget = 0.5;

    /// <summary>Least share of rows whose best token is the same.</summary>
    public const double LeastEqual = 0.95;

    private const int Tokens = 64;

    [Fact]
    public void Rows_rounded_to_BF16_keep_logits_and_tokens_within_the_budget()
    {
        using var team = new CpuTeam(2);
        using var device = new RoundingDevice(new PortableDevice(team));
        var (expected, actual) = (Logits(new PortableDevice(team)), Logits(device));

        Assert.NotEqual(expected.SelectMany(row => row), actual.SelectMany(row => row));
        RequireBudget(expected, actual, output);
    }

    [Fact]
    public void Rounding_is_not_what_a_look_at_a_device_takes_for_wrong()
    {
        using var team = new CpuTeam(2);
        using var device = new RoundingDevice(new PortableDevice(team));
        Assert.Null(DeviceCheck.Difference(device));
    }

    /// <summary>The largest difference must lie within the budget, and nearly all best tokens be the same.</summary>
    internal static void RequireBudget(float[][] expected, float[][] actual, ITestOutputHelper output)
    {
        var largest = expected.Zip(actual).Max(rows => rows.First.Zip(rows.Second).Max(pair => Math.Abs((double)pair.First - pair.Second)));
        var equal = expected.Zip(actual).Count(rows => Best(rows.First) == Best(rows.Second)) / (double)expected.Length;
        output.WriteLine($"largest difference {largest:0.000}, {equal:0.0%} of best tokens equal, logits from {expected.Min(row => row.Min()):0.0} to {expected.Max(row => row.Max()):0.0}");
        Assert.InRange(largest, 0, LogitsBudget);
        Assert.InRange(equal, LeastEqual, 1);
    }

    /// <summary>Logits of each row of one prompt of tiny-scout, whose weights are BF16.</summary>
    internal static float[][] Logits(IDevice device)
    {
        using var checkpoint = Checkpoint.Open(Path.Combine(SharedData.Root, "models/tiny-scout"));
        var model = new Llama4Model(device, checkpoint);
        var text = checkpoint.Config.Text;
        var pageTokens = KvCache.PageTokensFor(text, 16);
        var cache = new KvCache(device, text, (Tokens + pageTokens - 1) / pageTokens, pageTokens);
        var pass = new TextPass(model.Text, cache, new LocalExperts(model.Text), Tokens, maxSequences: 1, Tokens);
        var random = new Random(1);
        int[] pages = [.. Enumerable.Range(0, cache.Pages)];
        pass.Step.BeginSequence(pages, pages);
        for (var i = 0; i < Tokens; i++)
        {
            pass.Step.AddOutput(pass.Step.AddToken(random.Next(text.VocabularySize), i, RowRole.Prompt));
        }

        pass.Start();
        while (pass.Advance() != PassState.Done)
        {
        }

        var logits = new float[Tokens][];
        for (var i = 0; i < Tokens; i++)
        {
            pass.ReadLogits(i, logits[i] = new float[text.VocabularySize]);
        }

        return logits;
    }

    private static int Best(float[] logits) => Array.IndexOf(logits, logits.Max());
}

/// <summary>The same budget on tensor cores.</summary>
[NeedsCuda]
public sealed class CudaRoundedRowsTests(Cuda fixture, ITestOutputHelper output) : IClassFixture<Cuda>
{
    [DeviceFact]
    public void Tensor_cores_keep_logits_and_tokens_within_the_budget()
    {
        using var team = new CpuTeam(2);
        using var device = new IlgpuDevice(fixture.Runtime, ownsRuntime: false);
        RoundedRowsTests.RequireBudget(RoundedRowsTests.Logits(new PortableDevice(team)), RoundedRowsTests.Logits(device), output);
    }
}
