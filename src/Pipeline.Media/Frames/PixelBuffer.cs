using System.Buffers;

namespace Pipeline.Media;

/// <summary>Memory of one picture, shared by the frames that repeat it and returned with the last of them.</summary>
internal sealed class PixelBuffer : IDisposable
{
    private readonly SemaphoreSlim _budget;
    private readonly byte[] _bytes;
    private int _owners = 1;

    private PixelBuffer(SemaphoreSlim budget, int length)
    {
        _budget = budget;
        _bytes = ArrayPool<byte>.Shared.Rent(length);
        Memory = _bytes.AsMemory(0, length);
        MediaMeters.FrameRented();
    }

    public Memory<byte> Memory { get; }

    /// <summary>Waits for a place in <paramref name="budget"/>, which the buffer gives back with its memory.</summary>
    public static async Task<PixelBuffer> RentAsync(SemaphoreSlim budget, int length, CancellationToken cancellation)
    {
        await budget.WaitAsync(cancellation);
        return new PixelBuffer(budget, length);
    }

    public PixelBuffer Share()
    {
        Interlocked.Increment(ref _owners);
        return this;
    }

    public void Dispose()
    {
        if (Interlocked.Decrement(ref _owners) == 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
            MediaMeters.FrameReturned();
            _budget.Release();
        }
    }
}
