using System.Numerics;

namespace Pipeline.Cluster.Wire;

/// <summary>
/// A frame's memory, shared by counted holders: whoever rents it holds it once, whoever hands it on to run beside it calls
/// <see cref="Hold"/> first, and each holder calls <see cref="Release"/> exactly once. The last one gives it back.
/// </summary>
internal sealed class WireBuffer(WireBufferPool pool, int sizeClass)
{
    // Pinned, as sockets would otherwise pin it at every send and receive.
    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(1 << sizeClass, pinned: true);
    private int _holders;

    public int SizeClass => sizeClass;

    public int Length { get; private set; }

    public Memory<byte> Memory => _bytes.AsMemory(0, Length);

    public Span<byte> Span => _bytes.AsSpan(0, Length);

    public void Hold()
    {
        if (Interlocked.Increment(ref _holders) < 2)
        {
            throw new InvalidOperationException("A buffer was held that nobody holds.");
        }
    }

    public void Release()
    {
        var left = Interlocked.Decrement(ref _holders);
        if (left < 0)
        {
            throw new InvalidOperationException("A buffer was released more often than it was held.");
        }

        if (left == 0)
        {
            pool.Return(this);
        }
    }

    internal void Rent(int length)
    {
        Length = length;
        Volatile.Write(ref _holders, 1);
    }
}

/// <summary>Frames' memory in powers of two, kept for reuse: never more than was in use at once, which the senders' byte limits bound.</summary>
internal sealed class WireBufferPool
{
    private const int SmallestClass = 10;

    private readonly Lock _lock = new();
    private readonly Stack<WireBuffer>?[] _idle = new Stack<WireBuffer>?[31];
    private int _rented;

    /// <summary>Buffers that somebody holds.</summary>
    public int Rented
    {
        get
        {
            lock (_lock)
            {
                return _rented;
            }
        }
    }

    /// <summary>A buffer of unknown contents, held once by the caller.</summary>
    public WireBuffer Rent(long bytes)
    {
        var sizeClass = Math.Max(SmallestClass, 64 - BitOperations.LeadingZeroCount((ulong)(bytes - 1)));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(sizeClass, _idle.Length, nameof(bytes));
        WireBuffer? buffer;
        lock (_lock)
        {
            _rented++;
            (_idle[sizeClass] ??= new Stack<WireBuffer>()).TryPop(out buffer);
        }

        buffer ??= new WireBuffer(this, sizeClass);
        buffer.Rent((int)bytes);
        return buffer;
    }

    internal void Return(WireBuffer buffer)
    {
        lock (_lock)
        {
            _rented--;
            _idle[buffer.SizeClass]!.Push(buffer);
        }
    }
}
