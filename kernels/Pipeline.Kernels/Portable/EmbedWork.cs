namespace Pipeline.Kernels;

/// <summary>Embeds token ids; an item is a row.</summary>
internal sealed unsafe class EmbedWork(InstructionPath path, CpuTeam team) : LaneWork(path)
{
    private StepTable _table = null!;
    private PortableWeight _embedding = null!;
    private PortableBuffer _output = null!;

    public void Run(StepTable table, PortableWeight embedding, PortableBuffer output)
    {
        (_table, _embedding, _output) = (table, embedding, output);
        team.Run(this, table.Rows, (long)table.Rows * output.Columns / Padding.Lanes);
    }

    protected override void Execute<V>(int first, int end, int thread)
    {
        for (var row = first; row < end; row++)
        {
            if (_table.TokenIds[row] is >= 0 and var token)
            {
                _embedding.WidenRow<V>(token, _output.Row(row));
            }
        }
    }
}
