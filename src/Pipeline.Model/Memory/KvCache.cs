using Pipeline.Checkpoints;
using Pipeline.Kernels;

namespace Pipeline.Model;

/// <summary>
/// Keys and values of all sessions: one pool a kind of attention, each of the same number of pages
/// (paged attention, Kwon et al., arXiv 2309.06180). Who owns a page is told by a <see cref="PagePool"/>.
/// </summary>
public sealed class KvCache
{
    private readonly KvPool?[] _pools = new KvPool?[2];

    /// <param name="device">The model's device.</param>
    /// <param name="config">Layers, heads and chunk.</param>
    /// <param name="pages">Pages in each pool.</param>
    /// <param name="pageTokens">Tokens a page; divides the attention chunk (<see cref="PageTokensFor"/>).</param>
    public KvCache(IDevice device, TextConfig config, int pages, int pageTokens)
    {
        if (pageTokens != PageTokensFor(config, pageTokens))
        {
            throw new ArgumentException($"Pages of {pageTokens} tokens do not divide the chunk of {config.AttentionChunkSize}.", nameof(pageTokens));
        }

        Pages = pages;
        PageTokens = pageTokens;
        foreach (var kind in Enum.GetValues<AttentionKind>())
        {
            var shape = ShapeOf(config, kind, pages, pageTokens);
            _pools[(int)kind] = shape.Layers > 0 ? device.AllocateKv(shape) : null;
        }
    }

    /// <summary>Pages in each pool.</summary>
    public int Pages { get; }

    public int PageTokens { get; }

    /// <summary>Whether any layer attends this way; without one no pages are needed.</summary>
    public bool Uses(AttentionKind kind) => _pools[(int)kind] is not null;

    public KvPool Pool(AttentionKind kind) =>
        _pools[(int)kind] ?? throw new ArgumentException($"No layer has {kind} attention.", nameof(kind));

    /// <summary>Pages that a session of this many tokens needs in each pool.</summary>
    public int PagesFor(int tokens) => (tokens + PageTokens - 1) / PageTokens;

    /// <summary>The largest page of at most <paramref name="largest"/> tokens that divides the attention chunk.</summary>
    public static int PageTokensFor(TextConfig config, int largest)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(largest, 1);
        var tokens = largest;
        while (config.AttentionChunkSize is { } chunk && AttentionSpecs.Count(config, AttentionKind.Chunked) > 0 && chunk % tokens != 0)
        {
            tokens--;
        }

        return tokens;
    }

    /// <summary>Bytes of one page in every pool together: keys and values of all layers, float32.</summary>
    public static long PageBytes(TextConfig config, int pageTokens) =>
        Enum.GetValues<AttentionKind>().Sum(kind => ShapeOf(config, kind, pages: 1, pageTokens).PageBytes);

    private static KvShape ShapeOf(TextConfig config, AttentionKind kind, int pages, int pageTokens) =>
        new(AttentionSpecs.Count(config, kind), pages, pageTokens, config.KvHeads, config.HeadSize);
}
