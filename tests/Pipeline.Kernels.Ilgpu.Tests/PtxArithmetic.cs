namespace Pipeline.Kernels.Tests;

/// <summary>What one thread's arithmetic instruction yields, as the PTX ISA (8.0) says. Numbers lie in the lower bits; predicates are 0 and 1; operands that are not there are 0.</summary>
internal static class PtxArithmetic
{
    public static ulong Compute(string operation, ulong a, ulong b, ulong c) => operation switch
    {
        "mov.u32" or "mov.f32" or "mov.b64" or "cvta.to.global.u64" => a,
        "mov.b32" => a | (b << 16), // of one register, or of two halves
        "cvt.s64.s32" => (ulong)(int)a,
        "add.s32" or "add.u32" => (uint)(a + b),
        "sub.s32" => (uint)(a - b),
        "mul.lo.s32" => (uint)(a * b),
        "div.s32" => (uint)((int)a / (int)b),
        "rem.s32" => (uint)((int)a % (int)b),
        "add.s64" or "add.u64" => a + b,
        "mul.lo.s64" => a * b,
        "mul.wide.u32" => (ulong)(uint)a * (uint)b,
        "shl.b32" => (uint)a << (int)b,
        "shl.b64" => a << (int)b,
        "shr.s32" => (uint)((int)a >> (int)b),
        "shr.u32" => (uint)a >> (int)b,
        "and.b32" => (uint)(a & b),
        "xor.b32" => (uint)(a ^ b),
        "prmt.b32" => Permute((uint)a, (uint)b, (uint)c),
        "setp.lt.s32" => Truth((int)a < (int)b),
        "setp.le.s32" => Truth((int)a <= (int)b),
        "setp.gt.s32" => Truth((int)a > (int)b),
        "setp.ge.s32" => Truth((int)a >= (int)b),
        "setp.eq.s32" or "setp.eq.u32" => Truth((int)a == (int)b),
        "setp.ne.s32" or "setp.ne.u32" => Truth((int)a != (int)b),
        "setp.hi.u32" => Truth((uint)a > (uint)b),
        "selp.b32" or "selp.f32" => c != 0 ? a : b,
        "add.f32" or "add.rn.f32" => Bits(Float(a) + Float(b)),
        "sub.f32" => Bits(Float(a) - Float(b)),
        "mul.f32" => Bits(Float(a) * Float(b)),
        "max.f32" => Bits(float.MaxNumber(Float(a), Float(b))),
        "rcp.rn.f32" => Bits(1f / Float(a)),
        "ex2.approx.ftz.f32" => Bits(Flush((float)Math.Pow(2, Flush(Float(a))))),
        "cvt.rn.bf16x2.f32" => RoundToBF16(Float(b)) | ((ulong)RoundToBF16(Float(a)) << 16),
        "fma.rn.bf16x2" => MultiplyAdd(a, b, c) | ((ulong)MultiplyAdd(a >> 16, b >> 16, c >> 16) << 16),
        _ => throw new NotSupportedException(operation),
    };

    public static float Float(ulong bits) => BitConverter.UInt32BitsToSingle((uint)bits);

    public static ulong Bits(float value) => BitConverter.SingleToUInt32Bits(value);

    public static float Widen(ulong bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    /// <summary>To the nearest BF16, ties to even.</summary>
    public static ushort RoundToBF16(double value)
    {
        var bits = BitConverter.SingleToUInt32Bits((float)value);
        return (ushort)(double.IsNaN(value) ? 0x7fff : (bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    private static ulong Truth(bool value) => value ? 1ul : 0;

    private static float Flush(float value) => float.IsSubnormal(value) ? 0 : value;

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
    private static uint MultiplyAdd(ulong a, ulong b, ulong c) => RoundToBF16(((double)Widen(a) * Widen(b)) + Widen(c));
}
