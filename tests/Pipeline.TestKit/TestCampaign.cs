namespace Pipeline.TestKit;

/// <summary>Size of randomised tests: reduced, or in full under <c>./test --long</c>.</summary>
public static class TestCampaign
{
    private const int LongFactor = 20;

    public static bool IsLong { get; } = Environment.GetEnvironmentVariable("PIPELINE_TEST_LONG") == "1";

    public static int Iterations(int reduced) => IsLong ? reduced * LongFactor : reduced;
}
