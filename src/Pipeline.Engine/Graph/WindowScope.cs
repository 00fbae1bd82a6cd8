namespace Pipeline.Engine.Graph;

/// <summary>
/// What one run of a window holds of the process's bounds. A stream that is torn down drops the elements between its
/// stages; the scope gives back what they held when the window ends, whatever way.
/// </summary>
internal sealed class WindowScope : IDisposable
{
    private readonly Lock _lock = new();
    private readonly HashSet<IDisposable> _held = [];
    private readonly CancellationTokenSource _ended = new();
    private bool _disposed;

    /// <summary>Done when the decoder has admitted the window: nothing is decoded from its file before.</summary>
    public TaskCompletionSource Admitted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Cancelled when the window ends.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <summary>Set by the frame source: the media ended before what its container announced.</summary>
    public bool Truncated { get; set; }

    /// <summary>Gives <paramref name="resource"/> back at the window's end unless it was disposed before.</summary>
    public void Hold(IDisposable resource)
    {
        lock (_lock)
        {
            if (!_disposed)
            {
                _held.Add(resource);
                return;
            }
        }

        resource.Dispose();
    }

    /// <summary>Disposes one resource now.</summary>
    public void Return(IDisposable resource)
    {
        lock (_lock)
        {
            _held.Remove(resource);
        }

        resource.Dispose();
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        _ended.Cancel();
        Admitted.TrySetCanceled();
        foreach (var resource in _held)
        {
            resource.Dispose();
        }

        _ended.Dispose();
    }
}
