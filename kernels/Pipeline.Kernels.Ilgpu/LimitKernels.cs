using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Pipeline.Kernels;

/// <summary>What a device does at most: nothing but loads, nothing but multiply-adds.</summary>
internal static class LimitKernels
{
    /// <summary>Independent sums of a thread, or of a warp: enough to hide the latency of a multiply-add.</summary>
    public const int Chains = 8;

    /// <summary>Operations of one mma.sync.m16n8k16.</summary>
    public const int MatrixOperations = 2 * 16 * 8 * 16;

    // Sums are named registers, as in the matrix product; a and b are the same two numbers everywhere.
    private const string Declare = ".reg .f32 sum<32>;";

    private const string Clear = """
        mov.f32 sum0, 0f00000000; mov.f32 sum1, 0f00000000; mov.f32 sum2, 0f00000000; mov.f32 sum3, 0f00000000;
        mov.f32 sum4, 0f00000000; mov.f32 sum5, 0f00000000; mov.f32 sum6, 0f00000000; mov.f32 sum7, 0f00000000;
        mov.f32 sum8, 0f00000000; mov.f32 sum9, 0f00000000; mov.f32 sum10, 0f00000000; mov.f32 sum11, 0f00000000;
        mov.f32 sum12, 0f00000000; mov.f32 sum13, 0f00000000; mov.f32 sum14, 0f00000000; mov.f32 sum15, 0f00000000;
        mov.f32 sum16, 0f00000000; mov.f32 sum17, 0f00000000; mov.f32 sum18, 0f00000000; mov.f32 sum19, 0f00000000;
        mov.f32 sum20, 0f00000000; mov.f32 sum21, 0f00000000; mov.f32 sum22, 0f00000000; mov.f32 sum23, 0f00000000;
        mov.f32 sum24, 0f00000000; mov.f32 sum25, 0f00000000; mov.f32 sum26, 0f00000000; mov.f32 sum27, 0f00000000;
        mov.f32 sum28, 0f00000000; mov.f32 sum29, 0f00000000; mov.f32 sum30, 0f00000000; mov.f32 sum31, 0f00000000;
        """;

    private const string Multiply = """
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {sum0, sum1, sum2, sum3}, {%0, %0, %0, %0}, {%0, %0}, {sum0, sum1, sum2, sum3};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {sum4, sum5, sum6, sum7}, {%0, %0, %0, %0}, {%0, %0}, {sum4, sum5, sum6, sum7};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {sum8, sum9, sum10, sum11}, {%0, %0, %0, %0}, {%0, %0}, {sum8, sum9, sum10, sum11};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {sum12, sum13, sum14, sum15}, {%0, %0, %0, %0}, {%0, %0}, {sum12, sum13, sum14, sum15};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {sum16, sum17, sum18, sum19}, {%0, %0, %0, %0}, {%0, %0}, {sum16, sum17, sum18, sum19};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {sum20, sum21, sum22, sum23}, {%0, %0, %0, %0}, {%0, %0}, {sum20, sum21, sum22, sum23};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {sum24, sum25, sum26, sum27}, {%0, %0, %0, %0}, {%0, %0}, {sum24, sum25, sum26, sum27};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {sum28, sum29, sum30, sum31}, {%0, %0, %0, %0}, {%0, %0}, {sum28, sum29, sum30, sum31};
        """;

    private const string Store = """
        add.f32 sum0, sum0, sum4; add.f32 sum8, sum8, sum12; add.f32 sum16, sum16, sum20; add.f32 sum24, sum24, sum28;
        add.f32 sum0, sum0, sum8; add.f32 sum16, sum16, sum24; add.f32 sum0, sum0, sum16;
        st.global.f32 [%0], sum0;
        """;

    /// <summary>Reads all of a memory whose length is a multiple of four times the threads.</summary>
    public static void Read(ArrayView<uint> memory, ArrayView<uint> seen)
    {
        var (a, b, c, d) = (0u, 0u, 0u, 0u);
        for (var i = Items.First; i < memory.Length; i += 4 * Items.Stride)
        {
            a ^= memory[i];
            b ^= memory[i + Items.Stride];
            c ^= memory[i + (2 * Items.Stride)];
            d ^= memory[i + (3 * Items.Stride)];
        }

        seen[Items.First] = a ^ b ^ c ^ d;
    }

    public static void MultiplyAdd(ArrayView<uint> seen, float x, float y, int steps)
    {
        var (a, b, c, d, e, f, g, h) = (y, y, y, y, y, y, y, y);
        for (var step = 0; step < steps; step++)
        {
            a = (a * x) + y;
            b = (b * x) + y;
            c = (c * x) + y;
            d = (d * x) + y;
            e = (e * x) + y;
            f = (f * x) + y;
            g = (g * x) + y;
            h = (h * x) + y;
        }

        seen[Items.First] = (uint)(a + b + c + d + e + f + g + h);
    }

    /// <summary>Tensor cores, BF16 into float32: what the matrix product multiplies with. CUDA alone, compute capability 8.0.</summary>
    /// <param name="seen">Address of a float32 of each thread.</param>
    /// <param name="pair">Two numbers in BF16, the elements of both matrices.</param>
    /// <param name="steps">Multiplications of each sum.</param>
    public static void MatrixMultiplyAdd(long seen, uint pair, int steps)
    {
        if (CudaAsm.IsSupported)
        {
            CudaAsm.Emit(Declare);
            CudaAsm.Emit(Clear);
            for (var step = 0; step < steps; step++)
            {
                CudaAsm.Emit(Multiply, pair);
            }

            CudaAsm.Emit(Store, seen + (sizeof(float) * Items.First));
        }
    }
}
