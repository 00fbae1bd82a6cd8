namespace Pipeline.Kernels.Tests;

public sealed class PortableLimitsTests
{
    public static TheoryData<InstructionPath> Paths => [.. Enum.GetValues<InstructionPath>().Where(path => path.IsSupported())];

    [Theory]
    [MemberData(nameof(Paths))]
    public void EveryLimitIsMeasuredAsOftenAsAsked(InstructionPath path)
    {
        using var team = new CpuTeam(2);
        using var device = new PortableDevice(team, path);
        using var limits = device.OpenLimits();

        for (var i = 0; i < 2; i++)
        {
            Assert.InRange(limits.MeasureReading(), 1e7, 1e13);
            Assert.InRange(limits.MeasureCopying(), 1e7, 1e13);
            Assert.InRange(limits.MeasureMultiplyAdds(), 1e7, 1e14);
        }

        Assert.StartsWith("float32, ", limits.Multiplication, StringComparison.Ordinal);
        Assert.True(device.MemoryBytes > 0);
    }
}
