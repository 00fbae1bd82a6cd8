using System.Buffers;
using CsCheck;
using Pipeline.Engine.Vision;

namespace Pipeline.Engine.Tests;

public sealed class VisionQueueTests
{
    [Fact]
    public void Windows_are_served_in_turn_and_pictures_of_a_window_in_order()
    {
        var queue = new VisionQueue();
        foreach (var (window, picture) in new[] { (1, 0), (1, 1), (1, 2), (2, 0), (3, 0) })
        {
            queue.Enqueue(Request(window, picture, tiles: 1));
        }

        Assert.Equal([(1, 0), (2, 0), (3, 0), (1, 1), (1, 2)], TakeAll(queue, most: 2));
    }

    [Fact]
    public void A_picture_of_more_tiles_than_a_batch_spans_batches()
    {
        var queue = new VisionQueue();
        var request = Request(1, 0, tiles: 5);
        queue.Enqueue(request);
        var batch = new List<TileSlice>();

        queue.Take(2, batch);
        Assert.Equal(new TileSlice(request, 0, 2), Assert.Single(batch));
        queue.Take(2, batch);
        Assert.Equal(new TileSlice(request, 2, 2), Assert.Single(batch));
        queue.Take(2, batch);
        Assert.Equal(new TileSlice(request, 4, 1), Assert.Single(batch));
        queue.Take(2, batch);
        Assert.Empty(batch);
    }

    [Fact]
    public void What_a_forgotten_window_had_waiting_is_dropped()
    {
        var queue = new VisionQueue();
        queue.Enqueue(Request(1, 0, tiles: 2));
        queue.Enqueue(Request(2, 0, tiles: 1));

        queue.Forget(1);

        Assert.Equal(1, queue.Tiles);
        Assert.Equal([(2, 0)], TakeAll(queue, most: 4));
    }

    /// <summary>Every tile is handed over once, in order, in batches that are never too large.</summary>
    [Fact]
    public void Every_tile_is_handed_over_once() =>
        Gen.Select(Gen.Int[1, 8], Gen.Select(Gen.Int[0, 4], Gen.Int[1, 17]).Array[1, 20]).Sample(
            (most, pictures) =>
            {
                var queue = new VisionQueue();
                var requests = pictures.Select((picture, index) => Request(picture.Item1, index, picture.Item2)).ToArray();
                Array.ForEach(requests, queue.Enqueue);
                var next = new Dictionary<int, int>();
                var batch = new List<TileSlice>();
                while (queue.Tiles > 0)
                {
                    queue.Take(most, batch);
                    Assert.InRange(batch.Sum(slice => slice.Tiles), 1, most);
                    foreach (var slice in batch)
                    {
                        Assert.Equal(next.GetValueOrDefault(slice.Request.Picture), slice.FirstTile);
                        next[slice.Request.Picture] = slice.FirstTile + slice.Tiles;
                    }
                }

                Assert.All(requests, request => Assert.Equal(request.Tiles, next[request.Picture]));
            },
            iter: TestCampaign.Iterations(300));

    private static TileRequest Request(long window, int picture, int tiles) => new(window, picture, ArrayPool<float>.Shared.Rent(1), tiles);

    private static List<(int Window, int Picture)> TakeAll(VisionQueue queue, int most)
    {
        var taken = new List<(int, int)>();
        var batch = new List<TileSlice>();
        while (queue.Tiles > 0)
        {
            queue.Take(most, batch);
            taken.AddRange(batch.Select(slice => ((int)slice.Request.Window, slice.Request.Picture)));
        }

        return taken;
    }
}
