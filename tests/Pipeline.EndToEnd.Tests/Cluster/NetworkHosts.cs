using System.Diagnostics;
using System.Globalization;

namespace Pipeline.EndToEnd.Tests.Cluster;

/// <summary>A fact that is skipped, by name, where network namespaces cannot be made (no root, no iproute2).</summary>
internal sealed class NetworkHostsFactAttribute : FactAttribute
{
    private static readonly Lazy<bool> s_can = new(CanMake);

    public NetworkHostsFactAttribute() => Skip = s_can.Value ? null : "needs network namespaces (root and iproute2)";

    private static bool CanMake()
    {
        var name = $"pipeline-try-{Environment.ProcessId}";
        try
        {
            using var made = Process.Start("ip", ["netns", "add", name]);
            made.WaitForExit();
            if (made.ExitCode != 0)
            {
                return false;
            }

            Process.Start("ip", ["netns", "delete", name]).WaitForExit();
            return true;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}

/// <summary>Hosts of one network on this machine: a network namespace each, joined by a bridge, whose cables can be pulled.</summary>
internal sealed class NetworkHosts : IDisposable
{
    private const string Subnet = "10.77.0";

    private readonly string _id = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
    private readonly int _hosts;

    public NetworkHosts(int hosts)
    {
        _hosts = hosts;
        try
        {
            Ip($"netns add {Switch}");
            Ip($"-n {Switch} link add bridge type bridge");
            Ip($"-n {Switch} link set bridge up");
            for (var host = 1; host <= hosts; host++)
            {
                Ip($"netns add {Name(host)}");
                Ip($"-n {Name(host)} link add cable type veth peer name port{host} netns {Switch}");
                Ip($"-n {Name(host)} addr add {Address(host)}/24 dev cable");
                Ip($"-n {Name(host)} link set cable up");
                Ip($"-n {Name(host)} link set lo up");
                Ip($"-n {Switch} link set port{host} master bridge");
                Plug(host);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public static string Network => $"{Subnet}.0/24";

    private string Switch => $"pipeline-{_id}-switch";

    public static string Address(int host) => $"{Subnet}.{host}";

    /// <summary>What stands before a command that runs on a host.</summary>
    public string[] On(int host) => ["ip", "netns", "exec", Name(host)];

    public void Pull(int host) => Ip($"-n {Switch} link set port{host} down");

    public void Plug(int host) => Ip($"-n {Switch} link set port{host} up");

    public void Dispose()
    {
        for (var host = 1; host <= _hosts; host++)
        {
            Tool.Run("bash", ["-c", $"ip netns pids {Name(host)} | xargs -r kill -9; ip netns delete {Name(host)}"]);
        }

        Tool.Run("bash", ["-c", $"ip netns delete {Switch}"]);
    }

    private static void Ip(string arguments) => Tool.Run("ip", arguments.Split(' '));

    private string Name(int host) => $"pipeline-{_id}-{host}";
}
