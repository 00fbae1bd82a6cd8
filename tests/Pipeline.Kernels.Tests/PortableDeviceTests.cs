namespace Pipeline.Kernels.Tests;

[NeedsPath(InstructionPath.Avx512)]
public sealed class PortableAvx512Tests : PortableContract
{
    protected override InstructionPath Path => InstructionPath.Avx512;
}

[NeedsPath(InstructionPath.Avx2)]
public sealed class PortableAvx2Tests : PortableContract
{
    protected override InstructionPath Path => InstructionPath.Avx2;
}

[NeedsPath(InstructionPath.Plain)]
public sealed class PortablePlainTests : PortableContract
{
    protected override InstructionPath Path => InstructionPath.Plain;
}

/// <summary>The portable device on one instruction path.</summary>
public abstract class PortableContract : DeviceContract, IDisposable
{
    private readonly List<CpuTeam> _teams = [];

    protected abstract InstructionPath Path { get; }

    public void Dispose()
    {
        foreach (var team in _teams)
        {
            team.Dispose();
        }

        GC.SuppressFinalize(this);
    }

    protected override IDevice Create(int threads)
    {
        var team = new CpuTeam(threads);
        _teams.Add(team);
        return new PortableDevice(team, Path);
    }
}
