namespace Pipeline.Kernels;

/// <summary>A device whose memory the system gives page by page, as it is first used.</summary>
public interface ICommittingDevice : IDevice
{
    /// <summary>Takes the memory of one more weight, buffer or KV pool: once all have theirs, the process has what was planned for it.</summary>
    /// <returns>False where all had theirs.</returns>
    bool CommitNext();
}
