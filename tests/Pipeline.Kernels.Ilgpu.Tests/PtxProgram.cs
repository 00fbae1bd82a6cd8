using System.Globalization;
using System.Text.RegularExpressions;

namespace Pipeline.Kernels.Tests;

/// <summary>A register and what is added to it, or a number alone.</summary>
/// <param name="Register">Its index, or -1.</param>
/// <param name="Number">Added to it.</param>
internal readonly record struct PtxOperand(int Register, ulong Number);

/// <param name="Operation">The whole name: <c>ld.global.v2.f32</c>.</param>
/// <param name="Guard">Register of the predicate that must hold, or -1.</param>
/// <param name="Negated">Whether it must not hold instead.</param>
/// <param name="Operands">In the order of the text, those in braces and brackets among them.</param>
/// <param name="Target">The instruction that a branch goes to, by its label.</param>
internal sealed record PtxInstruction(string Operation, int Guard, bool Negated, PtxOperand[] Operands, string Target)
{
    /// <summary>The name's parts.</summary>
    public string[] Parts { get; } = Operation.Split('.');

    /// <summary>Bytes of a number of its type, the name's last part.</summary>
    public int Size => int.Parse(Parts[^1].AsSpan(1), CultureInfo.InvariantCulture) / 8;
}

/// <summary>
/// A kernel's PTX as ILGPU writes it, read as far as these kernels go. Every name is a register, whatever its type; the names of parameters and
/// of the one shared array are registers that hold their place.
/// </summary>
internal sealed partial class PtxProgram
{
    /// <summary>A parameter's place is its number, so shifted, plus the byte.</summary>
    public const int ParameterShift = 32;

    private static readonly char[] s_marks = [' ', '\t', '\n', '\r', ',', '{', '}', '[', ']'];

    private readonly Dictionary<string, int> _registers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _labels = new(StringComparer.Ordinal);
    private readonly List<PtxInstruction> _instructions = [];
    private readonly List<int> _parameters = [];

    public PtxProgram(string ptx)
    {
        var (head, body) = (ptx.IndexOf('(', StringComparison.Ordinal), ptx.IndexOf('{', StringComparison.Ordinal));
        _parameters.AddRange(ParameterPattern().Matches(ptx[head..body]).Select(match => Register(match.Value)));
        foreach (var statement in ptx[(body + 1)..].Split(';'))
        {
            Read(statement);
        }
    }

    public IReadOnlyList<PtxInstruction> Instructions => _instructions;

    public int Registers => _registers.Count;

    /// <summary>The registers of the parameters, in order.</summary>
    public IReadOnlyList<int> Parameters => _parameters;

    /// <summary>Bytes of shared memory.</summary>
    public int SharedBytes { get; private set; }

    public int LabelOf(string label) => _labels[label];

    public int Register(string name)
    {
        if (!_registers.TryGetValue(name, out var index))
        {
            _registers.Add(name, index = _registers.Count);
        }

        return index;
    }

    [GeneratedRegex(@"(?<=\s)_\w+", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ParameterPattern();

    [GeneratedRegex(@"^\s*([{}]|(?<label>\w+):)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex LeadPattern();

    private void Read(string statement)
    {
        for (var lead = LeadPattern().Match(statement); lead.Success; lead = LeadPattern().Match(statement))
        {
            statement = statement[lead.Length..];
            if (lead.Groups["label"].Success)
            {
                _labels.Add(lead.Groups["label"].Value, _instructions.Count);
            }
        }

        var words = statement.Split(s_marks, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0 || words[0] == ".reg")
        {
            return;
        }

        if (words[0] == ".shared")
        {
            SharedBytes = int.Parse(words[^1], CultureInfo.InvariantCulture);
            return;
        }

        var guarded = words[0][0] == '@';
        var negated = guarded && words[0][1] == '!';
        var guard = guarded ? Register(words[0][(negated ? 2 : 1)..]) : -1;
        var operation = words[guarded ? 1 : 0];
        var rest = words.AsSpan(guarded ? 2 : 1);
        var branch = operation.StartsWith("bra", StringComparison.Ordinal);
        var operands = new PtxOperand[branch ? 0 : rest.Length];
        for (var i = 0; i < operands.Length; i++)
        {
            operands[i] = Operand(rest[i]);
        }

        _instructions.Add(new PtxInstruction(operation, guard, negated, operands, branch ? rest[0] : ""));
    }

    private PtxOperand Operand(string word)
    {
        if (word.StartsWith("0f", StringComparison.Ordinal) || word.StartsWith("0x", StringComparison.Ordinal))
        {
            return new PtxOperand(-1, uint.Parse(word.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        }

        if (char.IsDigit(word[0]) || word[0] == '-')
        {
            return new PtxOperand(-1, (ulong)long.Parse(word, CultureInfo.InvariantCulture));
        }

        var plus = word.IndexOf('+', StringComparison.Ordinal);
        return plus < 0
            ? new PtxOperand(Register(word), 0)
            : new PtxOperand(Register(word[..plus]), ulong.Parse(word.AsSpan(plus + 1), CultureInfo.InvariantCulture));
    }
}
