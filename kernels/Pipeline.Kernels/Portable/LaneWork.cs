namespace Pipeline.Kernels;

/// <summary>Team work written once for all vector widths.</summary>
internal abstract class LaneWork(InstructionPath path) : TeamWork
{
    public sealed override void Execute(int first, int end, int thread)
    {
        switch (path)
        {
            case InstructionPath.Avx512:
                Execute<Lanes512>(first, end, thread);
                break;
            case InstructionPath.Avx2:
                Execute<Lanes256>(first, end, thread);
                break;
            default:
                Execute<Lanes128>(first, end, thread);
                break;
        }
    }

    protected abstract void Execute<V>(int first, int end, int thread)
        where V : unmanaged, ILanes<V>;
}
