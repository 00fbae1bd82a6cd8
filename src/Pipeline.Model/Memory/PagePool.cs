namespace Pipeline.Model;

/// <summary>Which pages of a KV pool are in use. Plain data of one owner; the pages themselves live on the device.</summary>
public sealed class PagePool
{
    private readonly int[] _free;
    private readonly bool[] _used;

    public PagePool(int pages)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(pages);
        _used = new bool[pages];
        _free = new int[pages];
        for (var i = 0; i < pages; i++)
        {
            // Taken from the end: low ids first, so that a nearly empty pool stays within few memory pages.
            _free[i] = pages - 1 - i;
        }

        Free = pages;
    }

    public int Pages => _used.Length;

    /// <summary>Pages that nobody holds.</summary>
    public int Free { get; private set; }

    public int Used => Pages - Free;

    /// <summary>Fills <paramref name="pages"/> with free page ids, or takes none and returns false.</summary>
    public bool TryAllocate(Span<int> pages)
    {
        if (pages.Length > Free)
        {
            return false;
        }

        foreach (ref var page in pages)
        {
            page = _free[--Free];
            _used[page] = true;
        }

        return true;
    }

    /// <exception cref="InvalidOperationException">A page is not in use: it was freed twice, or is none of this pool.</exception>
    public void Release(ReadOnlySpan<int> pages)
    {
        foreach (var page in pages)
        {
            if ((uint)page >= (uint)Pages || !_used[page])
            {
                throw new InvalidOperationException($"KV page {page} was freed but is not in use.");
            }

            _used[page] = false;
            _free[Free++] = page;
        }
    }

    /// <exception cref="InvalidOperationException">A page is still in use though no session is left.</exception>
    public void ThrowIfLeaked()
    {
        if (Used > 0)
        {
            throw new InvalidOperationException($"{Used} KV pages leaked, the first of them {Array.IndexOf(_used, value: true)}.");
        }
    }
}
