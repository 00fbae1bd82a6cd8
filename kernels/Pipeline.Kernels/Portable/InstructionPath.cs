using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Pipeline.Kernels;

/// <summary>The widest vectors that a <see cref="PortableDevice"/> computes with. Results are the same bits on one path, not across paths.</summary>
public enum InstructionPath
{
    /// <summary>128 bits, on any processor.</summary>
    Plain,

    /// <summary>256 bits.</summary>
    Avx2,

    /// <summary>512 bits.</summary>
    Avx512,
}

public static class InstructionPaths
{
    /// <summary>The widest path of this processor.</summary>
    public static InstructionPath Best =>
        InstructionPath.Avx512.IsSupported() ? InstructionPath.Avx512
        : InstructionPath.Avx2.IsSupported() ? InstructionPath.Avx2
        : InstructionPath.Plain;

    /// <summary>Whether this processor has the path.</summary>
    public static bool IsSupported(this InstructionPath path) => path switch
    {
        InstructionPath.Avx512 => Vector512.IsHardwareAccelerated && Avx512F.IsSupported && Avx512DQ.IsSupported,
        InstructionPath.Avx2 => Avx2.IsSupported && Fma.IsSupported,
        _ => true,
    };

    /// <summary>Float32 lanes of a vector.</summary>
    internal static int Lanes(this InstructionPath path) => path switch
    {
        InstructionPath.Avx512 => Lanes512.Count,
        InstructionPath.Avx2 => Lanes256.Count,
        _ => Lanes128.Count,
    };

    internal static string Words(this InstructionPath path) => path switch
    {
        InstructionPath.Avx512 => "AVX-512",
        InstructionPath.Avx2 => "AVX2",
        _ => "128-bit vectors",
    };
}
