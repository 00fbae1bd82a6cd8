namespace Pipeline.Cluster.Wire;

/// <summary>Tasks that somebody owns: whoever ends waits for them, and learns what none of them expected.</summary>
internal sealed class TaskGroup
{
    private readonly Lock _lock = new();
    private readonly HashSet<Task> _tasks = [];

    /// <summary>Starts work in the pool.</summary>
    public void Run(Func<Task> work)
    {
        var task = new Task<Task>(work);
        var all = task.Unwrap();
        lock (_lock)
        {
            _tasks.Add(all);
        }

        _ = all.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
        task.Start(TaskScheduler.Default);
    }

    /// <summary>Done when all are that were started before; fails where one of them did.</summary>
    public Task WhenAll()
    {
        lock (_lock)
        {
            return Task.WhenAll(_tasks);
        }
    }

    private void Forget(Task task)
    {
        lock (_lock)
        {
            _tasks.Remove(task);
        }
    }
}
