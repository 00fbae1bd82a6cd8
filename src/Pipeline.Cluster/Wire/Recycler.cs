namespace Pipeline.Cluster.Wire;

/// <summary>Objects made once and used again, so that a steady state allocates nothing.</summary>
internal sealed class Recycler<T>(Func<T> make)
    where T : class
{
    private readonly Lock _lock = new();
    private readonly Stack<T> _idle = new();
    private int _alive;

    /// <summary>Objects taken and not yet given back.</summary>
    public int Alive => Volatile.Read(ref _alive);

    public T Take()
    {
        T? item;
        lock (_lock)
        {
            _alive++;
            _idle.TryPop(out item);
        }

        return item ?? make();
    }

    /// <summary>Nobody may refer to the object any more.</summary>
    public void Give(T item)
    {
        lock (_lock)
        {
            _alive--;
            _idle.Push(item);
        }
    }
}
