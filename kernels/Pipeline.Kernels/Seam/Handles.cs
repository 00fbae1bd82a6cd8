namespace Pipeline.Kernels;

/// <summary>A float32 matrix <c>[rows, columns]</c> in a device's memory, made once and reused; only its device reads inside.</summary>
public abstract class DeviceBuffer(string name, int rows, int columns)
{
    public string Name { get; } = name;

    public int Rows { get; } = rows;

    public int Columns { get; } = columns;
}

/// <summary>A loaded weight, in whatever layout its device prefers.</summary>
public abstract class DeviceWeight(WeightSpec spec)
{
    public WeightSpec Spec { get; } = spec;

    /// <summary>Bytes that it takes on its device, and a product over all of it reads.</summary>
    public long Bytes => Spec.LoadedBytes;
}

/// <summary>Experts and scores chosen for each row: <c>[rows, slots]</c> of (expert id, score), best first.</summary>
public abstract class DeviceRouting(int rows, int slots)
{
    public int Rows { get; } = rows;

    public int Slots { get; } = slots;
}

/// <summary>Per row the best token, its raw log-probability and whether all logits were finite.</summary>
public abstract class DeviceChoices(int rows)
{
    public int Rows { get; } = rows;
}

/// <summary>Shape of a pool of KV pages, one pool a kind of attention.</summary>
/// <param name="Layers">Layers of that kind; a page holds its tokens for all of them.</param>
/// <param name="Pages">Pages in the pool.</param>
/// <param name="PageTokens">Tokens a page; divides the attention chunk.</param>
/// <param name="KvHeads">Key/value heads.</param>
/// <param name="HeadSize">Elements of a head.</param>
public sealed record KvShape(int Layers, int Pages, int PageTokens, int KvHeads, int HeadSize)
{
    /// <summary>Bytes of one page: keys and values, float32, over all its layers.</summary>
    public long PageBytes => 2L * sizeof(float) * Layers * PageTokens * KvHeads * HeadSize;

    public long Bytes => PageBytes * Pages;
}

/// <summary>The keys and values of all sessions for the layers of one kind of attention.</summary>
public abstract class KvPool(KvShape shape)
{
    public KvShape Shape { get; } = shape;
}

/// <summary>What a row chose: argmax (ties to the lower id), its raw log-probability, and whether every logit was finite.</summary>
public readonly record struct TokenChoice(int Token, float LogProbability, bool Finite);
