using k8s.Models;

namespace Pipeline.Deploy.Tests;

/// <summary>What the manifests say among themselves; what they tell the program is <see cref="CommandTests"/>'s.</summary>
public sealed class KubernetesTests
{
    private static readonly V1Service s_cluster = Service("pipeline-cluster");

    [Fact]
    public void All_are_objects_that_Kubernetes_knows() => Assert.Equal(
        ["V1Deployment", "V1NetworkPolicy", "V1PodDisruptionBudget", "V1PodDisruptionBudget", "V1Service", "V1Service", "V1StatefulSet"],
        Kubernetes.Objects.Select(item => item.GetType().Name).Order(StringComparer.Ordinal));

    [Fact]
    public void A_field_that_Kubernetes_does_not_know_would_be_found() => Assert.ThrowsAny<Exception>(
        () => Kubernetes.Load("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {replicaz: 1}\n"));

    [Fact]
    public void Every_selector_finds_its_pods_and_no_others()
    {
        var selectors = Kubernetes.Objects.OfType<V1Service>().Select(service => (service.Metadata.Name, Labels: service.Spec.Selector))
            .Concat(Kubernetes.Objects.OfType<V1PodDisruptionBudget>().Select(budget => (budget.Metadata.Name, Labels: budget.Spec.Selector.MatchLabels)))
            .Append((Kubernetes.Engine.Metadata.Name, Labels: Kubernetes.Engine.Spec.Selector.MatchLabels))
            .Append((Kubernetes.Expert.Metadata.Name, Labels: Kubernetes.Expert.Spec.Selector.MatchLabels))
            .Select(item => (item.Name, Pods: Kubernetes.Pods.Where(pod => item.Labels.All(pod.Metadata.Labels.Contains)).Select(pod => pod.Metadata.Labels["role"])));

        Assert.All(selectors, item => Assert.Equal([item.Name is "pipeline" or "pipeline-engine" ? "engine" : "expert"], item.Pods));
        var policy = Kubernetes.Objects.OfType<V1NetworkPolicy>().Single();
        Assert.All(Kubernetes.Pods, pod => Assert.True(policy.Spec.PodSelector.MatchLabels.All(pod.Metadata.Labels.Contains)));
    }

    [Fact]
    public void Every_port_is_the_image_s_by_the_same_name_everywhere()
    {
        var ports = Ports(Kubernetes.Pods[0]);
        Assert.Equal(ports, Ports(Kubernetes.Pods[1]));
        Assert.Equal(Dockerfile.Image.Only("EXPOSE").Words, ports.Select(port => $"{port.Port}"));
        Assert.Equal(ports.Where(port => port.Name != "http"), s_cluster.Spec.Ports.Select(port => (port.Name, port.Port)));
        Assert.Equal("http", Service("pipeline").Spec.Ports.Single().TargetPort.Value);
        var names = ports.Select(port => port.Name).Append("53").ToHashSet(StringComparer.Ordinal);
        var policy = Kubernetes.Objects.OfType<V1NetworkPolicy>().Single().Spec;
        Assert.All(policy.Ingress.SelectMany(rule => rule.Ports).Concat(policy.Egress.SelectMany(rule => rule.Ports)), port => Assert.Contains(port.Port.Value, names));
        Assert.All(Kubernetes.Pods, pod => Assert.Equal(
            ("true", $"{ports.Single(port => port.Name == "http").Port}", "/metrics"),
            (pod.Metadata.Annotations["prometheus.io/scrape"], pod.Metadata.Annotations["prometheus.io/port"], pod.Metadata.Annotations["prometheus.io/path"])));
    }

    [Fact]
    public void Probes_ask_what_they_are_for()
    {
        Assert.All(Containers, container =>
        {
            Assert.Equal(("/health/live", "http"), Asks(container.StartupProbe));
            Assert.Equal(("/health/live", "http"), Asks(container.LivenessProbe));
            Assert.Equal(("/health/ready", "http"), Asks(container.ReadinessProbe));
        });

        static (string, string) Asks(V1Probe probe) => (probe.HttpGet.Path, probe.HttpGet.Port.Value);
    }

    [Fact]
    public void Experts_start_together_under_the_names_that_the_join_list_has()
    {
        var expert = Kubernetes.Expert;
        Assert.Equal("Parallel", expert.Spec.PodManagementPolicy);
        Assert.Equal(s_cluster.Metadata.Name, expert.Spec.ServiceName);
        Assert.Equal(("None", true), (s_cluster.Spec.ClusterIP, s_cluster.Spec.PublishNotReadyAddresses));
        var control = s_cluster.Spec.Ports.Single(port => port.Name == "control").Port;
        var names = Enumerable.Range(0, expert.Spec.Replicas!.Value).Select(i => $"{expert.Metadata.Name}-{i}.{expert.Spec.ServiceName}:{control}");
        Assert.Contains($"join = \"{string.Join(", ", names)}\"", DeployFiles.Read("k8s", "pipeline.conf"), StringComparison.Ordinal);
        Assert.Contains($"minimum-experts = {expert.Spec.Replicas}\n", DeployFiles.Read("k8s", "pipeline.conf"), StringComparison.Ordinal);
    }

    [Fact]
    public void No_pod_may_do_more_than_it_needs_and_each_has_what_it_asks_for()
    {
        Assert.All(Kubernetes.Pods, pod => Assert.True(pod.Spec.SecurityContext is { RunAsNonRoot: true, RunAsUser: > 0, SeccompProfile.Type: "RuntimeDefault" }));
        Assert.All(Containers, container =>
        {
            Assert.True(container.SecurityContext is { AllowPrivilegeEscalation: false, ReadOnlyRootFilesystem: true, Capabilities.Drop: ["ALL"] });
            Assert.Equal(container.Resources.Requests["memory"], container.Resources.Limits["memory"]);
            Assert.Contains("cpu", container.Resources.Requests.Keys);
        });
    }

    [Fact]
    public void Every_mount_has_its_volume()
    {
        Assert.All(Kubernetes.Pods, pod => Assert.Equal(
            pod.Spec.Volumes.Select(volume => volume.Name).Order(StringComparer.Ordinal),
            pod.Spec.Containers.Single().VolumeMounts.Select(mount => mount.Name).Order(StringComparer.Ordinal)));

        // The only places that can be written, as the root is not.
        Assert.All(Containers, container => Assert.Equal(["/tmp"], container.VolumeMounts.Where(mount => mount.ReadOnlyProperty != true).Select(mount => mount.MountPath)));
    }

    [Fact]
    public void Every_variable_that_a_value_names_stands_before_it() => Assert.All(Containers, container =>
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var variable in container.Env)
        {
            Assert.All(Values.Names(variable.Value ?? ""), name => Assert.Contains(name, known));
            known.Add(variable.Name);
        }
    });

    [Fact]
    public void Kustomize_builds_them_with_the_settings_and_the_image_s_name()
    {
        var (exitCode, output) = Programs.Run("kubectl", ["kustomize", DeployFiles.PathOf("k8s")]);
        Assert.True(exitCode == 0, output);
        var built = Kubernetes.Load(output);

        var map = built.OfType<V1ConfigMap>().Single();
        Assert.Equal(DeployFiles.Read("k8s", "pipeline.conf"), map.Data["pipeline.conf"]);
        Assert.Equal(Kubernetes.Objects.Count + 1, built.Count);
        var pods = built.OfType<V1Deployment>().Select(item => item.Spec.Template).Concat(built.OfType<V1StatefulSet>().Select(item => item.Spec.Template)).ToList();
        Assert.Equal(2, pods.Count);
        Assert.All(pods, pod =>
        {
            Assert.Equal($"registry.example.com/pipeline:{Versions.Program}", pod.Spec.Containers.Single().Image);
            Assert.Equal(map.Metadata.Name, pod.Spec.Volumes.Single(volume => volume.ConfigMap is not null).ConfigMap.Name);
        });
    }

    private static IEnumerable<V1Container> Containers => Kubernetes.Pods.Select(pod => pod.Spec.Containers.Single());

    private static V1Service Service(string name) => Kubernetes.Objects.OfType<V1Service>().Single(service => service.Metadata.Name == name);

    private static List<(string Name, int Port)> Ports(V1PodTemplateSpec pod) =>
        [.. pod.Spec.Containers.Single().Ports.Select(port => (port.Name, port.ContainerPort))];
}
