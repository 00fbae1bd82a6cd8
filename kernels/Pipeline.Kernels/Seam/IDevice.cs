namespace Pipeline.Kernels;

/// <summary>
/// The model's operations on one device, each a step of the paper at the size a device wants. Not thread-safe: one
/// thread owns a device and is its only caller. On a CPU an operation is done when it returns; on a GPU it is enqueued,
/// in order, and <see cref="Fence"/> tells its completion. Rows are independent: what a row yields never depends on how
/// many rows stand beside it, on their order, or on the number of threads. Lengths and shapes are checked on the host and
/// a mismatch is an <see cref="ArgumentException"/>. Sums are accumulated in float32.
/// </summary>
public interface IDevice : IDisposable
{
    /// <summary>The device in words, with its instruction path: <c>cpu, 2 threads, AVX-512</c>.</summary>
    string Description { get; }

    /// <summary>What results depend on in their last bits: devices of equal paths compute the same.</summary>
    string Path { get; }

    /// <summary>Loads a weight once, in the device's own layout (the portable device reads the mapped file as it lies).</summary>
    DeviceWeight Load(WeightSpec spec);

    /// <summary>Gives a weight's memory on the device back; no operation may use it any more. Weights that are kept need no such call.</summary>
    void Free(DeviceWeight weight);

    /// <summary>A zeroed buffer of <paramref name="rows"/> by <paramref name="columns"/>.</summary>
    DeviceBuffer Allocate(string name, int rows, int columns);

    DeviceRouting AllocateRouting(int rows, int slots);

    DeviceChoices AllocateChoices(int rows);

    KvPool AllocateKv(KvShape shape);

    /// <summary>Copies whole rows to the device; the source may be reused when this returns.</summary>
    void Upload(ReadOnlySpan<float> source, DeviceBuffer target, int firstRow);

    /// <summary>The step's one upload; operations that take the table use what was uploaded last.</summary>
    void Upload(StepTable table);

    /// <summary>Sets experts and scores of the first rows (<c>[rows, slots]</c>); expert -1 is an assignment that is not computed here.</summary>
    void Upload(ReadOnlySpan<int> experts, ReadOnlySpan<float> scores, DeviceRouting target);

    /// <summary>Waits for what was enqueued, then copies whole rows to the host.</summary>
    void Read(DeviceBuffer source, int firstRow, int rows, Span<float> target);

    void Read(DeviceRouting source, int rows, Span<int> experts, Span<float> scores);

    void Read(DeviceChoices source, int rows, Span<TokenChoice> target);

    /// <summary>Marks this point of the queue.</summary>
    long Fence();

    /// <summary>Whether all that was enqueued before the fence is done.</summary>
    bool IsDone(long fence);

    /// <summary>output[r] = embedding[token id of r]; rows with a negative id are left as they are.</summary>
    void Embed(StepTable table, DeviceWeight embedding, DeviceBuffer output);

    /// <summary>target[VisualTargets[i]] = source[i].</summary>
    void ScatterRows(StepTable table, DeviceBuffer source, DeviceBuffer target);

    /// <summary>target[i] = source[OutputRows[i]].</summary>
    void GatherRows(StepTable table, DeviceBuffer source, DeviceBuffer target);

    /// <summary>output = norm(input) * weight (+ bias); float32 inside.</summary>
    void Norm(NormKind kind, DeviceBuffer input, int rows, DeviceWeight weight, DeviceWeight? bias, float epsilon, DeviceBuffer output);

    /// <summary>Applies each weight to the same input rows: output = epilogue(input * weight^T + bias).</summary>
    void Product(DeviceBuffer input, int rows, IReadOnlyList<Projection> projections);

    /// <summary>
    /// Norms and rotates query and key as the layer wants it, scales the query by the row's factor, in place, and appends
    /// key and value to the row's page at its position. <paramref name="layer"/> counts the layers of the pool.
    /// </summary>
    void RotateAppend(StepTable table, AttentionSpec spec, DeviceBuffer query, DeviceBuffer key, DeviceBuffer value, KvPool pool, int layer);

    /// <summary>
    /// Causal attention of each row over its sequence's pages, itself included. Key blocks of fixed size (a page) are merged in
    /// ascending order by an online softmax (Milakov and Gimelshein, arXiv 1805.02867). Every row of the step has been appended before.
    /// </summary>
    void Attend(StepTable table, AttentionSpec spec, DeviceBuffer query, KvPool pool, int layer, DeviceBuffer output);

    /// <summary>Rotates pairs (2j, 2j+1) of query and key in place; row r takes row <c>r % cosines.Rows</c> of the tables <c>[positions, head size / 2]</c>.</summary>
    void Rotate(DeviceBuffer query, DeviceBuffer key, int rows, int heads, DeviceBuffer cosines, DeviceBuffer sines);

    /// <summary>Attention without a mask inside each tile of <paramref name="tokens"/> consecutive rows.</summary>
    void AttendTiles(DeviceBuffer query, DeviceBuffer key, DeviceBuffer value, int tiles, int tokens, int heads, float softmaxScale, DeviceBuffer output);

    /// <summary>Chooses the <see cref="DeviceRouting.Slots"/> best experts of each row by logit (ties to the lower id) and scores them.</summary>
    void Route(DeviceBuffer input, int rows, DeviceWeight router, RouterScore score, DeviceRouting routing);

    /// <summary>
    /// One output row an assignment: output[r * slots + s] = expert(input[r]), unsummed. A score on the input multiplies the gate
    /// and up sums before SwiGLU. Rows of an expert -1 are left as they are.
    /// </summary>
    /// <param name="inner">Scratch <c>[rows * slots, inner]</c>.</param>
    void ExpertRows(DeviceBuffer input, DeviceRouting routing, int rows, ExpertWeights weights, DeviceBuffer inner, DeviceBuffer output);

    /// <summary>residual[r] = (residual[r] + shared[r]) + expertRows[r * slots + 0] + ..., in slot order.</summary>
    void Combine(DeviceBuffer residual, DeviceBuffer shared, DeviceBuffer expertRows, int rows, int slots);

    /// <summary>logits = input * head^T.</summary>
    void Logits(DeviceBuffer input, int rows, DeviceWeight head, DeviceBuffer logits);

    /// <summary>The best token of each row of logits.</summary>
    void Best(DeviceBuffer logits, int rows, DeviceChoices choices);

    /// <summary>Cuts tiles [tiles, channels*size*size] into patches [tiles*patches, patch elements], row-major, each (c, y, x).</summary>
    void Unfold(DeviceBuffer pixels, int tiles, TileShape shape, DeviceBuffer patches);

    /// <summary>Appends the class embedding last to each tile's patches and adds the positional embedding [patches + 1, hidden].</summary>
    void AddPositions(DeviceBuffer patches, int tiles, DeviceWeight classEmbedding, DeviceWeight positions, DeviceBuffer output);

    /// <summary>
    /// Drops the class row and joins each square of <paramref name="side"/> x <paramref name="side"/> patches into one row,
    /// channels ordered (dy, dx, c): [tiles*(grid*grid+1), h] to [tiles*(grid/side)^2, h*side*side].
    /// </summary>
    void PixelShuffle(DeviceBuffer input, int tiles, int grid, int side, DeviceBuffer output);
}
