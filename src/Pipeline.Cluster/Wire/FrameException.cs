namespace Pipeline.Cluster.Wire;

/// <summary>The other side broke the protocol: its connection is closed and counted, nothing else happens.</summary>
internal sealed class FrameException(string message) : Exception(message);

/// <summary>One side does not want the other, and says why: another model, another version, no experts yet.</summary>
internal sealed class RefusedException(string message) : Exception(message);
