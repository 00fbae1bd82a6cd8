using System.Runtime.Intrinsics;

namespace Pipeline.Kernels;

/// <summary>
/// A vector of float32 lanes, so that a kernel is written once for all widths. Sums over lanes add the upper half to the lower
/// until one lane is left, so every way to reduce an accumulator gives the same bits.
/// </summary>
internal unsafe interface ILanes<TSelf>
    where TSelf : unmanaged, ILanes<TSelf>
{
    static abstract int Count { get; }

    /// <summary>0, 1, 2, ...</summary>
    static abstract TSelf Indices { get; }

    static abstract TSelf operator +(TSelf a, TSelf b);

    static abstract TSelf operator -(TSelf a, TSelf b);

    static abstract TSelf operator *(TSelf a, TSelf b);

    static abstract TSelf operator /(TSelf a, TSelf b);

    static abstract TSelf Create(float value);

    static abstract TSelf Load(float* source);

    /// <summary>Loads and widens 16-bit brain floats (the upper half of a float32).</summary>
    static abstract TSelf LoadBF16(ushort* source);

    /// <summary>Loads and widens IEEE half floats, subnormals, infinities and NaN included.</summary>
    static abstract TSelf LoadF16(ushort* source);

    /// <summary>Loads and widens signed bytes.</summary>
    static abstract TSelf LoadInt8(byte* source);

    /// <summary>What <see cref="LoadInt4"/> asks for beside a scale; made once a scale.</summary>
    static abstract TSelf PrepareInt4(TSelf scale);

    /// <summary>Loads one half of bytes, the lower (<paramref name="shift"/> 0) or the upper (4), takes 8 from each and scales it, exactly.</summary>
    static abstract TSelf LoadInt4(byte* source, int shift, TSelf scale, TSelf prepared);

    static abstract void Store(TSelf value, float* target);

    /// <summary>a * b + c, rounded once.</summary>
    static abstract TSelf MultiplyAdd(TSelf a, TSelf b, TSelf c);

    /// <summary>The smaller lane; <paramref name="b"/>'s where either is NaN.</summary>
    static abstract TSelf Min(TSelf a, TSelf b);

    /// <summary>The larger lane; <paramref name="b"/>'s where either is NaN.</summary>
    static abstract TSelf Max(TSelf a, TSelf b);

    static abstract TSelf Abs(TSelf value);

    static abstract TSelf CopySign(TSelf magnitude, TSelf sign);

    static abstract TSelf Round(TSelf value);

    /// <summary>2^n for integral n from -126 to 127.</summary>
    static abstract TSelf PowerOfTwo(TSelf n);

    /// <summary>value &lt; limit ? below : other, by lane.</summary>
    static abstract TSelf Where(TSelf value, TSelf limit, TSelf below, TSelf other);

    /// <summary>The first lane.</summary>
    static abstract float First(TSelf value);

    static abstract float Sum(TSelf value);

    static abstract float Largest(TSelf value);

    /// <summary>The sums over the lanes of four vectors.</summary>
    static abstract Vector128<float> SumEach(TSelf a, TSelf b, TSelf c, TSelf d);
}
