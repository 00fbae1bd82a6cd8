using System.Globalization;

namespace Pipeline.Kernels.Tests;

/// <summary>Straight-line PTX of one thread, executed on the host as the PTX ISA says: what a quantized product does before its mma.</summary>
/// <param name="global">Global memory; addresses are places in it.</param>
/// <param name="shared">Shared memory, where the tiles begin.</param>
internal sealed class PtxThread(byte[] global, byte[] shared)
{
    private const string Tiles = "tiles";

    private readonly Dictionary<string, uint> _registers = new(StringComparer.Ordinal) { [Tiles] = 0 };

    /// <summary>Executes a text with these operands.</summary>
    public void Run(string ptx, params int[] operands)
    {
        foreach (var line in ptx.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = line.Split([' ', ',', '{', '}', '[', ']'], StringSplitOptions.RemoveEmptyEntries);
            uint Value(int index) => Read(parts[index], operands);
            switch (parts[0])
            {
                case "ld.global.v4.b32":
                    for (var i = 0; i < 4; i++)
                    {
                        _registers[parts[1 + i]] = BitConverter.ToUInt32(global, (int)Value(5) + (4 * i));
                    }

                    break;
                case "ld.global.b16":
                    _registers[parts[1]] = BitConverter.ToUInt16(global, (int)Value(2));
                    break;
                case "st.shared.v4.b32":
                    for (var i = 0; i < 4; i++)
                    {
                        BitConverter.TryWriteBytes(shared.AsSpan((int)Value(1) + (4 * i)), Value(2 + i));
                    }

                    break;
                default:
                    _registers[parts[1]] = Compute(parts[0], [.. Enumerable.Range(2, parts.Length - 2).Select(Value)]);
                    break;
            }
        }
    }

    public static ushort RoundToBF16(double value)
    {
        var bits = BitConverter.SingleToUInt32Bits((float)value);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    private static uint Compute(string operation, uint[] values) => (operation, values) switch
    {
        ("mov.b32" or "mov.u32", [var value]) => value,
        ("mov.b32", [var low, var high]) => low | (high << 16),
        ("xor.b32", [var a, var b]) => a ^ b,
        ("and.b32", [var a, var b]) => a & b,
        ("add.u32", [var a, var b]) => a + b,
        ("shr.u32", [var a, var b]) => a >> (int)b,
        ("prmt.b32", [var a, var b, var selector]) => Permute(a, b, selector),
        ("add.rn.f32", [var a, var b]) => BitConverter.SingleToUInt32Bits(BitConverter.UInt32BitsToSingle(a) + BitConverter.UInt32BitsToSingle(b)),
        ("fma.rn.bf16x2", [var a, var b, var c]) => MultiplyAdd(a, b, c) | (MultiplyAdd(a >> 16, b >> 16, c >> 16) << 16),
        _ => throw new NotSupportedException($"{operation} with {values.Length} operands"),
    };

    /// <summary>Byte i of the result is the byte that digit i of the selector names, of b's four above a's.</summary>
    private static uint Permute(uint a, uint b, uint selector)
    {
        var bytes = ((ulong)b << 32) | a;
        var result = 0u;
        for (var i = 0; i < 4; i++)
        {
            result |= (uint)((bytes >> (8 * (int)((selector >> (4 * i)) & 7))) & 0xff) << (8 * i);
        }

        return result;
    }

    /// <summary>Of the lower halves. Products of two BF16 are exact in double, and so are the sums here.</summary>
    private static uint MultiplyAdd(uint a, uint b, uint c) => RoundToBF16((Widen(a) * Widen(b)) + Widen(c));

    private static double Widen(uint bits) => BitConverter.UInt32BitsToSingle(bits << 16);

    private uint Read(string operand, int[] operands) =>
        operand[0] == '%' ? (uint)operands[operand[1] - '0']
        : operand.StartsWith("0f", StringComparison.Ordinal) || operand.StartsWith("0x", StringComparison.Ordinal)
            ? uint.Parse(operand.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
        : char.IsDigit(operand[0]) ? uint.Parse(operand, CultureInfo.InvariantCulture)
        : _registers[operand];
}
