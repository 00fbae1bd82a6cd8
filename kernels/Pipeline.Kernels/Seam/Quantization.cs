namespace Pipeline.Kernels;

/// <summary>
/// How weights of products are held on their device: as they are stored, or in blocks of 32 along the inputs, each with a scale of its
/// own. A scale is a BF16 number, so that number times scale is exact in float32, and every device multiplies by the same weights.
/// </summary>
public enum Quantization
{
    /// <summary>As they are stored.</summary>
    None,

    /// <summary>-127 to 127, times a scale of (largest magnitude / 127): 8.5 bits a weight.</summary>
    Int8,

    /// <summary>
    /// 0 to 15 less 8, times a scale of (number of largest magnitude / -8), so that this number is met and all 16 values
    /// serve (as in llama.cpp's Q4_0): 4.5 bits a weight.
    /// </summary>
    Int4,
}
