using k8s;
using k8s.Models;

namespace Pipeline.Deploy.Tests;

/// <summary>The objects of deploy/k8s, read as Kubernetes' own types: a field that these have not is an error.</summary>
internal static class Kubernetes
{
    public static IReadOnlyList<object> Objects { get; } =
        [.. Directory.GetFiles(DeployFiles.PathOf("k8s"), "*.yaml")
            .Where(path => Path.GetFileName(path) != "kustomization.yaml")
            .Order(StringComparer.Ordinal)
            .SelectMany(path => Load(File.ReadAllText(path)))];

    public static V1Deployment Engine => Objects.OfType<V1Deployment>().Single();

    public static V1StatefulSet Expert => Objects.OfType<V1StatefulSet>().Single();

    /// <summary>Both kinds of pod.</summary>
    public static IReadOnlyList<V1PodTemplateSpec> Pods => [Engine.Spec.Template, Expert.Spec.Template];

    public static IReadOnlyList<object> Load(string yaml) => KubernetesYaml.LoadAllFromString(yaml, strict: true);
}
