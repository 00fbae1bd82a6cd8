namespace Pipeline.Kernels;

/// <summary>Which mean a norm removes: RMS (Zhang and Sennrich, arXiv 1910.07467) or LayerNorm (Ba et al., arXiv 1607.06450).</summary>
public enum NormKind
{
    Rms,
    Layer,
}

/// <summary>What happens to a product's sums before they are stored.</summary>
public enum Epilogue
{
    None,

    /// <summary>Exact GELU, by erf.</summary>
    Gelu,

    /// <summary>Added to what <see cref="Projection.Residual"/> holds.</summary>
    Residual,

    /// <summary><c>silu(Gate x) * (Weight x)</c> (Shazeer, arXiv 2002.05202).</summary>
    SwiGlu,
}

/// <summary>One weight applied to the common input of a <see cref="IDevice.Product"/>; made once, used at every step.</summary>
/// <param name="Weight">[outputs, inputs] in either orientation.</param>
/// <param name="Output">[rows, outputs]; may be the residual itself, never the input.</param>
/// <param name="Bias">Added to the sums before anything else, or null.</param>
/// <param name="Epilogue">What happens to the sums.</param>
/// <param name="Gate">The gate's weight, for <see cref="Epilogue.SwiGlu"/> only.</param>
/// <param name="Residual">[rows, outputs], for <see cref="Epilogue.Residual"/> only.</param>
public sealed record Projection(
    DeviceWeight Weight,
    DeviceBuffer Output,
    DeviceWeight? Bias = null,
    Epilogue Epilogue = Epilogue.None,
    DeviceWeight? Gate = null,
    DeviceBuffer? Residual = null);

/// <summary>Where the weightless RMS norm of query and key heads stands.</summary>
public enum QueryKeyNorm
{
    None,
    BeforeRotation,
    AfterRotation,
}

/// <summary>Attention of one layer.</summary>
/// <param name="Heads">Query heads.</param>
/// <param name="KvHeads">Key/value heads; divides <paramref name="Heads"/>.</param>
/// <param name="HeadSize">Elements of a head.</param>
/// <param name="Kind">Whose pages it reads.</param>
/// <param name="Chunk">Length of an attention chunk; 0 where the layer sees everything before it.</param>
/// <param name="Rotate">Whether pairs (2j, 2j+1) of query and key are rotated.</param>
/// <param name="Norm">Where query and key heads are normalised.</param>
/// <param name="NormEpsilon">Epsilon of that norm.</param>
/// <param name="ScaleQuery">Whether the step table's query scales apply.</param>
/// <param name="SoftmaxScale">Factor on each score.</param>
public sealed record AttentionSpec(
    int Heads,
    int KvHeads,
    int HeadSize,
    AttentionKind Kind,
    int Chunk,
    bool Rotate,
    QueryKeyNorm Norm,
    float NormEpsilon,
    bool ScaleQuery,
    float SoftmaxScale);

/// <summary>How a router's logits become scores.</summary>
public enum RouterScore
{
    /// <summary>Sigmoid of the chosen logits, not normalised (Llama 4).</summary>
    Sigmoid,

    /// <summary>Softmax over all experts, then the best (no renormalisation).</summary>
    SoftmaxThenTop,

    /// <summary>Softmax over the chosen logits.</summary>
    TopThenSoftmax,
}

/// <summary>What a score multiplies.</summary>
public enum ScoreOn
{
    /// <summary>The expert's input, by way of its gate and up sums (Llama 4).</summary>
    Input,

    /// <summary>The expert's output row.</summary>
    Output,
}

/// <summary>Routed experts of one layer: one part an expert in each weight.</summary>
/// <param name="Gate">[inner, hidden].</param>
/// <param name="Up">[inner, hidden].</param>
/// <param name="Down">[hidden, inner].</param>
/// <param name="ScoreOn">What a score multiplies.</param>
public sealed record ExpertWeights(DeviceWeight Gate, DeviceWeight Up, DeviceWeight Down, ScoreOn ScoreOn);

/// <summary>Shape of a square image tile and its patches.</summary>
/// <param name="Channels">Colour channels.</param>
/// <param name="TileSize">Pixels of a side.</param>
/// <param name="PatchSize">Pixels of a patch's side; divides the tile.</param>
public sealed record TileShape(int Channels, int TileSize, int PatchSize)
{
    /// <summary>Patches a side.</summary>
    public int Grid => TileSize / PatchSize;

    /// <summary>Patches a tile.</summary>
    public int Patches => Grid * Grid;

    /// <summary>Elements of an unfolded patch, channel-major (c, y, x).</summary>
    public int PatchElements => Channels * PatchSize * PatchSize;

    /// <summary>Elements of a tile, channel-major (c, y, x).</summary>
    public int TileElements => Channels * TileSize * TileSize;
}
