namespace Pipeline.Engine.Graph;

/// <summary>
/// What one run of a window holds of the process's bounds. A stream that is torn down drops the elements between its
/// stages; the scope gives back what they held when the window ends, whatever way.
/// </summary>
internal sealed class WindowScope : IDisposable
{
    private readonly Lock _lock = new();
    private readonly HashSet<IDisposable> _held = [];
    private readonly CancellationTokenSource _ending = new();
    private bool _disposed;

    public WindowScope() => Ended = _ending.Token;

    /// <summary>Done when the decoder has admitted the window: nothing is decoded from its file before.</summary>
    public TaskCompletionSource Admitted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Cancelled when the window ends.</summary>
    public CancellationToken Ended { get; }

    /// <summary>Set by the frame source: the media ended before what its container announced.</summary>
    public bool Truncated { get; set; }

    /// <summary>Done when the window's media process, if it had one, has ended.</summary>
    public Task SourceClosed { get; set; } = Task.CompletedTask;

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
        IDisposable[] held;
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            held = [.. _held];
            _held.Clear();
        }

        foreach (var resource in held)
        {
            resource.Dispose();
        }

        Admitted.TrySetCanceled();
        _ending.Cancel();
        _ending.Dispose();
    }
}
