using Pipeline.Cluster.Membership;
using Pipeline.Commands;
using Pipeline.Composition;
using Pipeline.Configuration;
using Pipeline.Terminal;

namespace Pipeline.Deploy.Tests;

/// <summary>
/// Every command line, environment and settings file of the deployment, read by the program's own parser and checker: an option,
/// a key or a value that it does not know is an error there as it would be at the node's start.
/// </summary>
public sealed class CommandTests
{
    /// <summary>What a pod learns about itself.</summary>
    private static readonly Dictionary<string, string> s_pod = new(StringComparer.Ordinal) { ["POD_NAME"] = "pipeline-expert-0", ["POD_IP"] = "10.1.2.3" };

    public static TheoryData<string> Nodes => [.. Compose.File.Services.Keys, "k8s engine", "k8s expert"];

    [Theory]
    [MemberData(nameof(Nodes))]
    public void Command_environment_and_settings_are_the_program_s(string node)
    {
        var (arguments, environment) = Of(node);

        var settings = Load(arguments, environment);

        Assert.Null(CommandLine.Check(arguments, Surroundings(environment)));
        Assert.Equal(node.EndsWith("engine", StringComparison.Ordinal) ? NodeRoles.Engine : NodeRoles.Expert, NodeRoleNames.Parse(arguments[Array.IndexOf(arguments, "--role") + 1]));
        Assert.Equal("0.0.0.0:8080", settings.Options.Server.Listen);
        Assert.Equal((4053, 4054), (settings.Options.Cluster.Port, settings.Options.Cluster.DataPort));
        Assert.Equal(3, settings.Options.Cluster.MinimumExperts);
        Assert.InRange(settings.Options.Experts.Shards, 3, 65536);
        Assert.Equal("/model", settings.ModelFolder);
        Assert.True(System.Net.IPNetwork.TryParse(settings.Options.Cluster.Trusted, out _));
    }

    [Theory]
    [MemberData(nameof(Nodes))]
    public void A_node_is_given_the_time_that_its_end_takes(string node)
    {
        var (arguments, environment) = Of(node);
        var options = Load(arguments, environment).Options;
        var isEngine = node.EndsWith("engine", StringComparison.Ordinal);
        var ends = options.Cluster.LeaveDeadline + (isEngine ? options.Server.DrainDeadline : TimeSpan.Zero);

        var given = node switch
        {
            "k8s engine" => Kubernetes.Engine.Spec.Template.Spec.TerminationGracePeriodSeconds!.Value - Kubernetes.Engine.Spec.Template.Spec.Containers[0].Lifecycle.PreStop.Sleep.Seconds,
            "k8s expert" => Kubernetes.Expert.Spec.Template.Spec.TerminationGracePeriodSeconds!.Value,
            _ => int.Parse(Compose.File.Services[node].StopGracePeriod.TrimEnd('s'), null),
        };

        Assert.True(TimeSpan.FromSeconds(given) > ends, $"{given} s are given, {ends} may be taken");
    }

    [Fact]
    public void Uploads_fit_where_they_are_written()
    {
        var (arguments, environment) = Of("k8s engine");
        var server = Load(arguments, environment).Options.Server;
        var room = Kubernetes.Engine.Spec.Template.Spec.Volumes.Single(volume => volume.Name == "uploads").EmptyDir.SizeLimit.ToInt64();

        Assert.InRange(server.RequestsInFlight * server.UploadBytes, 1, room);
    }

    [Fact]
    public void An_option_and_a_variable_that_the_program_does_not_know_would_be_found()
    {
        Assert.NotNull(CommandLine.Check(["node", "--rolle", "expert"], Surroundings([])));
        Assert.ThrowsAny<PipelineException>(() => Load(["node"], new() { ["PIPELINE__CLUSTER__TRUST"] = "10.0.0.0/8" }));
    }

    /// <summary>The arguments after the image's entry point, and all variables that its environment has.</summary>
    private static (string[] Arguments, Dictionary<string, string> Environment) Of(string node)
    {
        var environment = new Dictionary<string, string>(Dockerfile.Image.Environment, StringComparer.Ordinal);
        if (Compose.File.Services.TryGetValue(node, out var service))
        {
            foreach (var (name, value) in service.Environment)
            {
                environment[name] = value;
            }

            return ([.. service.Command], environment);
        }

        var container = (node == "k8s engine" ? Kubernetes.Engine.Spec.Template : Kubernetes.Expert.Spec.Template).Spec.Containers.Single();
        foreach (var variable in container.Env)
        {
            environment[variable.Name] = variable.Value is null ? s_pod[variable.Name] : Values.Fill(variable.Value, s_pod);
        }

        return ([.. container.Args], environment);
    }

    private static Settings Load(string[] arguments, Dictionary<string, string> environment)
    {
        var at = Array.IndexOf(arguments, "--config");
        var file = at < 0 ? null : DeployFiles.PathOf("k8s", Path.GetFileName(arguments[at + 1]));
        return Settings.Load(new SettingsArguments(null, file, [], []), model: null, Surroundings(environment));
    }

    private static Surroundings Surroundings(Dictionary<string, string> environment) => new(
        Stream.Null, TextWriter.Null, IsTerminal: false, OutputIsTerminal: false, environment, WorkingFolder: "/", Interrupted: default);
}
