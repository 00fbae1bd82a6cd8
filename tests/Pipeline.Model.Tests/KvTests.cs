using CsCheck;
using Pipeline.Kernels;

namespace Pipeline.Model.Tests;

public sealed class KvTests
{
    [Fact]
    public void A_pool_never_gives_a_page_twice_and_loses_none()
    {
        Gen.Select(Gen.Int[0, 20], Gen.Int[0, 6].Array[0, 60]).Sample((pages, requests) =>
        {
            var pool = new PagePool(pages);
            var held = new Queue<int[]>();
            foreach (var request in requests)
            {
                // Zero stands for giving the oldest pages back.
                if (request == 0 && held.TryDequeue(out var oldest))
                {
                    pool.Release(oldest);
                    continue;
                }

                var wanted = new int[request];
                var free = pool.Free;
                Assert.Equal(request <= free, pool.TryAllocate(wanted));
                if (request <= free)
                {
                    held.Enqueue(wanted);
                }

                var used = held.SelectMany(each => each).ToList();
                Assert.Equal(used.Count, used.Distinct().Count());
                Assert.All(used, page => Assert.InRange(page, 0, pages - 1));
                Assert.Equal((used.Count, pages - used.Count), (pool.Used, pool.Free));
            }

            foreach (var each in held)
            {
                pool.Release(each);
            }

            pool.ThrowIfLeaked();
        });
    }

    [Fact]
    public void A_page_that_is_freed_twice_or_never_is_noticed()
    {
        var pool = new PagePool(3);
        var pages = new int[2];
        pool.TryAllocate(pages);

        Assert.Contains("2 KV pages leaked", Assert.Throws<InvalidOperationException>(pool.ThrowIfLeaked).Message, StringComparison.Ordinal);
        pool.Release(pages);
        pool.ThrowIfLeaked();
        Assert.Throws<InvalidOperationException>(() => pool.Release(pages));
        Assert.Throws<InvalidOperationException>(() => pool.Release([3]));
        Assert.Throws<InvalidOperationException>(() => pool.Release([-1]));
    }

    [Theory]
    [InlineData(64, 32)]
    [InlineData(32, 32)]
    [InlineData(31, 16)]
    [InlineData(5, 4)]
    [InlineData(1, 1)]
    public void Pages_divide_the_chunk(int largest, int expected)
    {
        using var golden = Golden.Open("scout-like");

        Assert.Equal(expected, KvCache.PageTokensFor(golden.Model.Config.Text, largest));
        Assert.Equal(
            largest, KvCache.PageTokensFor(golden.Model.Config.Text with { AttentionChunkSize = null }, largest));
    }

    [Fact]
    public void Layers_share_the_pool_of_their_kind()
    {
        using var golden = Golden.Open("scout-like");
        var config = golden.Model.Config.Text;
        var cache = new KvCache(golden.Model.Device, config, pages: 3, pageTokens: 16);

        Assert.Equal(4, cache.Pool(AttentionKind.Chunked).Shape.Layers);
        Assert.Equal(1, cache.Pool(AttentionKind.Full).Shape.Layers);
        Assert.Equal(
            3 * KvCache.PageBytes(config, 16), cache.Pool(AttentionKind.Chunked).Shape.Bytes + cache.Pool(AttentionKind.Full).Shape.Bytes);
        Assert.Equal([0, 1, 1, 2], new[] { 0, 1, 16, 17 }.Select(cache.PagesFor));
        Assert.Throws<ArgumentException>(() => new KvCache(golden.Model.Device, config, pages: 3, pageTokens: 5));
    }

    [Fact]
    public void Without_chunked_layers_only_full_pages_are_needed()
    {
        using var golden = Golden.Open("scout-like");
        var cache = new KvCache(golden.Model.Device, golden.Model.Config.Text with { AttentionChunkSize = null }, pages: 2, pageTokens: 5);

        Assert.False(cache.Uses(AttentionKind.Chunked));
        Assert.Equal(5, cache.Pool(AttentionKind.Full).Shape.Layers);
        Assert.Throws<ArgumentException>(() => cache.Pool(AttentionKind.Chunked));
    }
}
