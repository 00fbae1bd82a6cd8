namespace Pipeline.Kernels.Tests;

/// <summary>What a group's warps share.</summary>
/// <param name="Program">The kernel.</param>
/// <param name="Arguments">Bytes of each parameter.</param>
/// <param name="Shared">Shared memory.</param>
/// <param name="Specials">Special registers but the thread's own: <c>%ctaid.x</c>.</param>
/// <param name="Late">Whether copies arrive no sooner than somebody waits for them, else at once: a kernel must be right with both.</param>
internal sealed record PtxGroup(
    PtxProgram Program, IReadOnlyList<byte[]> Arguments, byte[] Shared, IReadOnlyDictionary<string, ulong> Specials, bool Late);

/// <summary>
/// One warp of a kernel, executed on the host from the very PTX that CUDA is given: all lanes together, as every branch of these kernels
/// is uniform, which is checked. Global memory is the process's own.
/// </summary>
internal sealed unsafe class PtxWarp
{
    public const int Lanes = 32;

    private readonly PtxGroup _group;
    private readonly ulong[][] _registers;
    private readonly Queue<List<(int Place, ulong Source)>> _copies = new();
    private List<(int Place, ulong Source)> _uncommitted = [];
    private int _next;

    public PtxWarp(PtxGroup group, int firstThread)
    {
        _group = group;
        var program = group.Program;
        foreach (var (name, value) in group.Specials)
        {
            program.Register(name);
        }

        var thread = program.Register("%tid.x");
        _registers = [.. Enumerable.Range(0, program.Registers).Select(_ => new ulong[Lanes])];
        foreach (var (name, value) in group.Specials)
        {
            Array.Fill(_registers[program.Register(name)], value);
        }

        for (var i = 0; i < program.Parameters.Count; i++)
        {
            Array.Fill(_registers[program.Parameters[i]], (ulong)i << PtxProgram.ParameterShift);
        }

        for (var lane = 0; lane < Lanes; lane++)
        {
            _registers[thread][lane] = (ulong)(firstThread + lane);
        }
    }

    /// <summary>Executes up to the next barrier, or to the end.</summary>
    /// <returns>Where it waits; -1 at the end.</returns>
    public int Run()
    {
        while (true)
        {
            var instruction = _group.Program.Instructions[_next++];
            switch (instruction.Operation)
            {
                case "bar.sync":
                    return _next;
                case "ret":
                    return -1;
                case "bra" or "bra.uni":
                    if (Uniform(instruction))
                    {
                        _next = _group.Program.LabelOf(instruction.Target);
                    }

                    break;
                case "cp.async.commit_group":
                    _copies.Enqueue(_uncommitted);
                    _uncommitted = [];
                    break;
                case "cp.async.wait_group":
                    while (_copies.Count > (int)instruction.Operands[0].Number)
                    {
                        _copies.Dequeue().ForEach(Copy);
                    }

                    break;
                case "shfl.sync.bfly.b32":
                    var source = (ulong[])_registers[instruction.Operands[1].Register].Clone();
                    ForEachLane(instruction, lane => Set(instruction, 0, lane, source[lane ^ (int)instruction.Operands[2].Number]));
                    break;
                case "ldmatrix.sync.aligned.m8n8.x4.shared.b16" or "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16":
                    PtxMatrix.Load(
                        _group.Shared,
                        lane => (int)Value(instruction, 4, lane),
                        (matrix, lane, pair) => Set(instruction, matrix, lane, pair),
                        instruction.Operation.Contains("trans", StringComparison.Ordinal));
                    break;
                case "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32":
                    PtxMatrix.Multiply(
                        (index, lane) => Value(instruction, index, lane), (index, lane, sum) => Set(instruction, index, lane, PtxArithmetic.Bits(sum)));
                    break;
                default:
                    ForEachLane(instruction, lane => Execute(instruction, lane));
                    break;
            }
        }
    }

    private void Execute(PtxInstruction instruction, int lane)
    {
        switch (instruction.Parts[0], instruction.Parts[1])
        {
            case ("ld", "param"):
                var place = Value(instruction, 1, lane);
                fixed (byte* argument = _group.Arguments[(int)(place >> PtxProgram.ParameterShift)])
                {
                    Set(instruction, 0, lane, Read(argument + (uint)place, instruction.Size));
                }

                break;
            case ("ld", "global"):
                var loads = instruction.Operands.Length - 1;
                var from = Aligned(Value(instruction, loads, lane), instruction);
                for (var i = 0; i < loads; i++)
                {
                    Set(instruction, i, lane, Read((byte*)from + (i * instruction.Size), instruction.Size));
                }

                break;
            case ("st", "global"):
                var to = Aligned(Value(instruction, 0, lane), instruction);
                for (var i = 1; i < instruction.Operands.Length; i++)
                {
                    ((uint*)to)[i - 1] = (uint)Value(instruction, i, lane);
                }

                break;
            case ("st", "shared"):
                for (var i = 1; i < instruction.Operands.Length; i++)
                {
                    BitConverter.TryWriteBytes(_group.Shared.AsSpan((int)Value(instruction, 0, lane) + (4 * (i - 1))), (uint)Value(instruction, i, lane));
                }

                break;
            case ("cp", "async"):
                var copy = ((int)Value(instruction, 0, lane), Value(instruction, 1, lane));
                Assert.Equal((0, 0ul), (copy.Item1 % 16, copy.Item2 % 16));
                if (_group.Late)
                {
                    _uncommitted.Add(copy);
                }
                else
                {
                    Copy(copy);
                }

                break;
            default:
                ulong Operand(int index) => index < instruction.Operands.Length ? Value(instruction, index, lane) : 0;
                Set(instruction, 0, lane, PtxArithmetic.Compute(instruction.Operation, Operand(1), Operand(2), Operand(3)));
                break;
        }
    }

    private void Copy((int Place, ulong Source) copy) => new ReadOnlySpan<byte>((void*)copy.Source, 16).CopyTo(_group.Shared.AsSpan(copy.Place));

    private bool Uniform(PtxInstruction instruction)
    {
        var taken = Enumerable.Range(0, Lanes).Count(lane => Holds(instruction, lane));
        Assert.True(taken is 0 or Lanes, $"{taken} lanes branch to {instruction.Target}");
        return taken > 0;
    }

    private void ForEachLane(PtxInstruction instruction, Action<int> action)
    {
        for (var lane = 0; lane < Lanes; lane++)
        {
            if (Holds(instruction, lane))
            {
                action(lane);
            }
        }
    }

    private bool Holds(PtxInstruction instruction, int lane) => instruction.Guard < 0 || (_registers[instruction.Guard][lane] != 0) != instruction.Negated;

    private ulong Value(PtxInstruction instruction, int operand, int lane)
    {
        var (register, number) = instruction.Operands[operand];
        return register < 0 ? number : _registers[register][lane] + number;
    }

    private void Set(PtxInstruction instruction, int operand, int lane, ulong value) =>
        _registers[instruction.Operands[operand].Register][lane] = value;

    private static ulong Read(byte* source, int size) => size switch
    {
        2 => *(ushort*)source,
        4 => *(uint*)source,
        _ => *(ulong*)source,
    };

    /// <summary>Vectors must lie at a multiple of their size.</summary>
    private static ulong Aligned(ulong address, PtxInstruction instruction)
    {
        Assert.Equal(0ul, address % (ulong)(instruction.Size * (instruction.Operands.Length - 1)));
        return address;
    }
}
