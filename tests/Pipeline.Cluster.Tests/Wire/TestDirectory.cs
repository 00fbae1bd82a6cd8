using Pipeline.Cluster.Wire;

namespace Pipeline.Cluster.Tests.Wire;

/// <summary>A directory that says what the test says.</summary>
internal sealed class TestDirectory : IExpertDirectory
{
    private volatile Func<int, IReadOnlyList<ExpertHost>> _hostsOf = _ => [];

    public event Action? Changed;

    public int Shards => 4;

    public Func<int, string?> Reason { get; set; } = _ => null;

    /// <summary>All shards have these hosts from now on.</summary>
    public void Set(params ExpertHost[] hosts) => Set(_ => hosts);

    public void Set(Func<int, IReadOnlyList<ExpertHost>> hostsOf)
    {
        _hostsOf = hostsOf;
        Changed?.Invoke();
    }

    public IReadOnlyList<ExpertHost> HostsOf(int shard) => _hostsOf(shard);

    public string? Unplaced(int shard) => Reason(shard);
}
