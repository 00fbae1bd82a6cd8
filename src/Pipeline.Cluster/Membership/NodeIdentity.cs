namespace Pipeline.Cluster.Membership;

/// <summary>What a node of the cluster does.</summary>
[Flags]
public enum NodeRoles
{
    None = 0,

    /// <summary>Runs windows: media, vision and decoder.</summary>
    Engine = 1,

    /// <summary>Holds shards of the routed experts and computes their rows.</summary>
    Expert = 2,
}

/// <summary>What this process is, fixed for its life.</summary>
/// <param name="Digest">Of the checkpoint: all nodes of a cluster have the same.</param>
/// <param name="InstructionPath">Of its device: outputs are the same bits among equal paths.</param>
/// <param name="MemoryBytes">For expert weights; 0 where the role is engine alone.</param>
public sealed record NodeIdentity(NodeRoles Roles, string Digest, string InstructionPath, long MemoryBytes);
