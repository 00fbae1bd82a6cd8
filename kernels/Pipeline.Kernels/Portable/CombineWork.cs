using System.Runtime.CompilerServices;

namespace Pipeline.Kernels;

/// <summary>Adds the shared and the routed experts' rows to the residual, in slot order; an item is a row.</summary>
internal sealed unsafe class CombineWork(InstructionPath path, CpuTeam team) : LaneWork(path)
{
    private PortableBuffer _residual = null!;
    private PortableBuffer _shared = null!;
    private PortableBuffer _experts = null!;
    private int _slots;

    public void Run(PortableBuffer residual, PortableBuffer shared, PortableBuffer expertRows, int rows, int slots)
    {
        (_residual, _shared, _experts, _slots) = (residual, shared, expertRows, slots);
        team.Run(this, rows, (long)rows * residual.Columns * (slots + 1) / Padding.Lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Execute<V>(int first, int end, int thread)
    {
        var columns = _residual.Columns;
        for (var row = first; row < end; row++)
        {
            var residual = _residual.Row(row);
            var shared = _shared.Row(row);
            for (var i = 0; i < columns; i += V.Count)
            {
                var sum = V.Load(residual + i) + V.Load(shared + i);
                for (var slot = 0; slot < _slots; slot++)
                {
                    sum += V.Load(_experts.Row((row * _slots) + slot) + i);
                }

                Partial.StoreUpTo(sum, residual + i, columns - i);
            }
        }
    }
}
