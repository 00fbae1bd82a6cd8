using System.Runtime.CompilerServices;

namespace Pipeline.Kernels;

/// <summary>
/// Pages as [page, layer, kv head], each the keys [head size, tokens] and then the values [tokens, head size] of its tokens, rows
/// padded to whole vectors. Keys lie across, so that the scores of a page's tokens are lanes of one vector.
/// </summary>
internal sealed unsafe class PortableKvPool : KvPool, ICommittable, IDisposable
{
    private readonly NativeBlock _block;
    private readonly long _keySize;
    private readonly long _headSize;

    public PortableKvPool(KvShape shape)
        : base(shape)
    {
        KeyStride = Padding.Head(shape.PageTokens);
        ValueStride = Padding.Head(shape.HeadSize);
        _keySize = (long)shape.HeadSize * KeyStride;
        _headSize = _keySize + ((long)shape.PageTokens * ValueStride);
        _block = new NativeBlock(_headSize * shape.KvHeads * shape.Layers * shape.Pages * sizeof(float));
    }

    /// <summary>Floats from one element of the keys to the next.</summary>
    public int KeyStride { get; }

    /// <summary>Floats from one token of the values to the next.</summary>
    public int ValueStride { get; }

    public float* Keys(int page, int layer, int head)
    {
        if ((uint)page >= (uint)Shape.Pages)
        {
            throw new ArgumentException($"Page {page} is not in a pool of {Shape.Pages} pages.", nameof(page));
        }

        return (float*)_block.Address + (((((long)page * Shape.Layers) + layer) * Shape.KvHeads) + head) * _headSize;
    }

    public float* Values(int page, int layer, int head) => Keys(page, layer, head) + _keySize;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Append(int page, int layer, int head, int token, float* key, float* value)
    {
        var keys = Keys(page, layer, head) + token;
        var values = Values(page, layer, head) + ((long)token * ValueStride);
        for (var i = 0; i < Shape.HeadSize; i++)
        {
            keys[(long)i * KeyStride] = key[i];
            values[i] = value[i];
        }
    }

    public void Commit() => _block.Commit();

    public void Dispose() => _block.Dispose();
}
