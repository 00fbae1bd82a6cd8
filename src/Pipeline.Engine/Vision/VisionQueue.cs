using System.Buffers;

namespace Pipeline.Engine.Vision;

/// <summary>One picture's tiles on their way to visual tokens.</summary>
/// <param name="window">The window it belongs to; windows are served in turn.</param>
/// <param name="picture">Index of the picture in its window.</param>
/// <param name="pixels">Normalised tiles <c>[tiles, 3, size, size]</c>, rented from the shared pool by the tiler.</param>
/// <param name="tiles">Tiles, the global one included.</param>
internal class TileRequest(long window, int picture, float[] pixels, int tiles)
{
    private float[]? _pixels = pixels;

    public long Window { get; } = window;

    public int Picture { get; } = picture;

    public int Tiles { get; } = tiles;

    /// <summary>Tiles handed to a run.</summary>
    public int Handed { get; set; }

    /// <summary>Tiles whose visual tokens are in <see cref="Rows"/>.</summary>
    public int Encoded { get; set; }

    /// <summary>Visual tokens <c>[tiles * tokens, hidden]</c>, made when the first run begins.</summary>
    public float[]? Rows { get; set; }

    public float[] Pixels => _pixels ?? throw new InvalidOperationException("The tiles were given back.");

    /// <summary>Gives the pixels back to the pool they were rented from.</summary>
    public void ReturnPixels()
    {
        if (Interlocked.Exchange(ref _pixels, value: null) is { } pixels)
        {
            ArrayPool<float>.Shared.Return(pixels);
        }
    }
}

/// <summary>Consecutive tiles of one request in a vision run.</summary>
internal readonly record struct TileSlice(TileRequest Request, int FirstTile, int Tiles);

/// <summary>
/// Tiles that wait for the vision encoder: first in first out within a window, one picture a window in turn between windows.
/// Its length is bounded by <c>vision.tokens-waiting</c>, which every request holds a share of.
/// </summary>
internal sealed class VisionQueue
{
    private readonly Dictionary<long, Queue<TileRequest>> _requests = [];
    private readonly Queue<long> _turns = new();

    public int Tiles { get; private set; }

    public void Enqueue(TileRequest request)
    {
        if (!_requests.TryGetValue(request.Window, out var queue))
        {
            queue = new Queue<TileRequest>();
            _requests.Add(request.Window, queue);
            _turns.Enqueue(request.Window);
        }

        queue.Enqueue(request);
        Tiles += request.Tiles;
    }

    /// <summary>Fills <paramref name="batch"/> with up to <paramref name="most"/> tiles; a picture may span batches.</summary>
    public void Take(int most, List<TileSlice> batch)
    {
        batch.Clear();
        var room = most;
        while (room > 0 && _turns.TryDequeue(out var window))
        {
            var queue = _requests[window];
            var request = queue.Peek();
            var count = Math.Min(room, request.Tiles - request.Handed);
            batch.Add(new TileSlice(request, request.Handed, count));
            request.Handed += count;
            room -= count;
            Tiles -= count;
            if (request.Handed == request.Tiles)
            {
                queue.Dequeue();
            }

            if (queue.Count > 0)
            {
                _turns.Enqueue(window);
            }
            else
            {
                _requests.Remove(window);
            }
        }
    }

    /// <summary>Drops what a window still has waiting; tiles that a run holds are encoded and forgotten.</summary>
    public void Forget(long window)
    {
        if (!_requests.Remove(window, out var queue))
        {
            return;
        }

        foreach (var request in queue)
        {
            Tiles -= request.Tiles - request.Handed;
            if (request.Handed == 0)
            {
                request.ReturnPixels();
            }
        }

        for (var turns = _turns.Count; turns > 0; turns--)
        {
            var turn = _turns.Dequeue();
            if (turn != window)
            {
                _turns.Enqueue(turn);
            }
        }
    }
}
