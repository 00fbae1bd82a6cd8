namespace Pipeline.Kernels;

/// <summary>
/// Each operation as the plainest loop, in double: what other devices are compared with. It holds no rounded number between
/// <see cref="Upload(ReadOnlySpan{float}, DeviceBuffer, int)"/> and <see cref="Read(DeviceBuffer, int, int, Span{float})"/>, checks
/// nothing, and is as slow as it looks.
/// </summary>
public sealed partial class ReferenceDevice : IDevice
{
    public string Description => "reference, double precision";

    public string Path => "reference";

    public DeviceWeight Load(WeightSpec spec) => new ReferenceWeight(spec);

    public void Free(DeviceWeight weight)
    {
        // The garbage collector's.
    }

    public DeviceBuffer Allocate(string name, int rows, int columns) => new ReferenceBuffer(name, rows, columns);

    public DeviceRouting AllocateRouting(int rows, int slots) => new ReferenceRouting(rows, slots);

    public DeviceChoices AllocateChoices(int rows) => new ReferenceChoices(rows);

    public KvPool AllocateKv(KvShape shape) => new ReferenceKvPool(shape);

    public void Upload(ReadOnlySpan<float> source, DeviceBuffer target, int firstRow)
    {
        for (var i = 0; i < source.Length; i++)
        {
            ((ReferenceBuffer)target)[firstRow + (i / target.Columns), i % target.Columns] = source[i];
        }
    }

    public void Upload(StepTable table)
    {
        // Operations read the table itself.
    }

    public void Upload(ReadOnlySpan<int> experts, ReadOnlySpan<float> scores, DeviceRouting target)
    {
        var routing = (ReferenceRouting)target;
        experts.CopyTo(routing.Experts);
        for (var i = 0; i < scores.Length; i++)
        {
            routing.Scores[i] = scores[i];
        }
    }

    public void Read(DeviceBuffer source, int firstRow, int rows, Span<float> target)
    {
        for (var i = 0; i < rows * source.Columns; i++)
        {
            target[i] = (float)((ReferenceBuffer)source)[firstRow + (i / source.Columns), i % source.Columns];
        }
    }

    public void Read(DeviceRouting source, int rows, Span<int> experts, Span<float> scores)
    {
        var routing = (ReferenceRouting)source;
        for (var i = 0; i < rows * source.Slots; i++)
        {
            (experts[i], scores[i]) = (routing.Experts[i], (float)routing.Scores[i]);
        }
    }

    public void Read(DeviceChoices source, int rows, Span<TokenChoice> target) =>
        ((ReferenceChoices)source).Choices.AsSpan(0, rows).CopyTo(target);

    public long Fence() => 0;

    public bool IsDone(long fence) => true;

    public void Dispose()
    {
        // Managed memory only.
    }
}
