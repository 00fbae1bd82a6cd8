namespace Pipeline.Cluster.Membership;

/// <summary>What can be wrong between this process and a cluster, in words.</summary>
internal static class ClusterFailures
{
    public static PipelineException Refused(string reason) =>
        new("cluster.refused", $"the cluster does not let this node in: {reason}", "start every node of a cluster with the same model, the same pipeline.device.quantize and the same version of the program");

    public static PipelineException NobodyAnswers(string join, TimeSpan deadline, string? last) => new(
        "cluster.unreachable",
        FormattableString.Invariant($"no member of a cluster answers at {join} within {deadline.TotalSeconds:0.#} s{(last is null ? "" : $" ({last})")}"),
        "check the address, that a node runs there, and that both sides use TLS or neither does (pipeline.cluster.tls)",
        FailureKind.Outside);

    public static PipelineException TooFew(int there, int listed, ClusterOptions options) => new(
        "cluster.too-few",
        FormattableString.Invariant($"no member of a cluster answers at {options.Join} within {options.JoinDeadline.TotalSeconds:0.#} s, and this node forms none: ")
        + $"{there} of the {listed} nodes of pipeline.cluster.join {(there == 1 ? "is" : "are")} there, and {(listed / 2) + 1} must be",
        "start the other nodes of the list, or check the network to them; take nodes that are gone for good out of every node's list",
        FailureKind.Outside);

    public static PipelineException CannotBind(string address, int port, Exception cause) => new(
        "cluster.bind",
        $"{address}:{port} cannot be bound: {Innermost(cause).Message}",
        "set pipeline.cluster.bind and pipeline.cluster.port to an address of this machine and a free port (0 takes any)",
        FailureKind.Input,
        cause);

    public static PipelineException Untrusted(string address) => new(
        "cluster.untrusted",
        $"pipeline.cluster.bind: {address} is neither loopback nor in a trusted network, and there is no TLS",
        "set pipeline.cluster.tls, or name the network in pipeline.cluster.trusted (\"10.0.0.0/8\") if everybody in it may read and alter the traffic");

    public static PipelineException Setting(string key, string what, string hint, Exception? cause = null) =>
        new("config.invalid", $"pipeline.cluster.{key}: {what}", hint, FailureKind.Input, cause);

    private static Exception Innermost(Exception exception) => exception.InnerException is { } inner ? Innermost(inner) : exception;
}
