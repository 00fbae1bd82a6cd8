namespace Pipeline.Kernels;

/// <summary>
/// PTX that turns a thread's 16 whole numbers of a quantized block into BF16 pairs in shared memory, where the tiled product expects its
/// outputs. Number times scale is rounded once: the whole numbers are exact in BF16, as is what is subtracted from them.
/// </summary>
internal static class QuantizedPtx
{
    /// <summary>Once a kernel.</summary>
    public const string Declare = """
        .reg .b32 q<4>;
        .reg .b32 f<4>;
        .reg .b32 p<8>;
        .reg .b32 scale;
        .reg .b16 half;
        """;

    /// <summary>Reads 16 bytes of whole numbers and a scale; operands: their addresses.</summary>
    public const string Fetch = """
        ld.global.v4.b32 {q0, q1, q2, q3}, [%0];
        ld.global.b16 half, [%1];
        mov.b32 scale, {half, half};
        """;

    /// <summary>
    /// INT8: byte b, its sign flipped, in the mantissa of 2^23 is 2^23 + 128 + b; the upper halves of two such floats less 2^23 + 128 are a pair.
    /// </summary>
    public const string Decode8 = """
        xor.b32 q0, q0, 0x80808080;
        prmt.b32 f0, q0, 0x4B000000, 0x7440;
        prmt.b32 f1, q0, 0x4B000000, 0x7441;
        prmt.b32 f2, q0, 0x4B000000, 0x7442;
        prmt.b32 f3, q0, 0x4B000000, 0x7443;
        add.rn.f32 f0, f0, 0fCB000080;
        add.rn.f32 f1, f1, 0fCB000080;
        add.rn.f32 f2, f2, 0fCB000080;
        add.rn.f32 f3, f3, 0fCB000080;
        prmt.b32 p0, f0, f1, 0x7632;
        prmt.b32 p1, f2, f3, 0x7632;
        xor.b32 q1, q1, 0x80808080;
        prmt.b32 f0, q1, 0x4B000000, 0x7440;
        prmt.b32 f1, q1, 0x4B000000, 0x7441;
        prmt.b32 f2, q1, 0x4B000000, 0x7442;
        prmt.b32 f3, q1, 0x4B000000, 0x7443;
        add.rn.f32 f0, f0, 0fCB000080;
        add.rn.f32 f1, f1, 0fCB000080;
        add.rn.f32 f2, f2, 0fCB000080;
        add.rn.f32 f3, f3, 0fCB000080;
        prmt.b32 p2, f0, f1, 0x7632;
        prmt.b32 p3, f2, f3, 0x7632;
        xor.b32 q2, q2, 0x80808080;
        prmt.b32 f0, q2, 0x4B000000, 0x7440;
        prmt.b32 f1, q2, 0x4B000000, 0x7441;
        prmt.b32 f2, q2, 0x4B000000, 0x7442;
        prmt.b32 f3, q2, 0x4B000000, 0x7443;
        add.rn.f32 f0, f0, 0fCB000080;
        add.rn.f32 f1, f1, 0fCB000080;
        add.rn.f32 f2, f2, 0fCB000080;
        add.rn.f32 f3, f3, 0fCB000080;
        prmt.b32 p4, f0, f1, 0x7632;
        prmt.b32 p5, f2, f3, 0x7632;
        xor.b32 q3, q3, 0x80808080;
        prmt.b32 f0, q3, 0x4B000000, 0x7440;
        prmt.b32 f1, q3, 0x4B000000, 0x7441;
        prmt.b32 f2, q3, 0x4B000000, 0x7442;
        prmt.b32 f3, q3, 0x4B000000, 0x7443;
        add.rn.f32 f0, f0, 0fCB000080;
        add.rn.f32 f1, f1, 0fCB000080;
        add.rn.f32 f2, f2, 0fCB000080;
        add.rn.f32 f3, f3, 0fCB000080;
        prmt.b32 p6, f0, f1, 0x7632;
        prmt.b32 p7, f2, f3, 0x7632;
        """;

    /// <summary>INT4: half a byte in the mantissa of BF16's 128 is 128 + it, and 136 is taken from that; operand: bits to shift right.</summary>
    public const string Decode4 = """
        shr.u32 q0, q0, %0;
        and.b32 q0, q0, 0x0F0F0F0F;
        prmt.b32 p0, q0, 0x43434343, 0x4140;
        prmt.b32 p1, q0, 0x43434343, 0x4342;
        shr.u32 q1, q1, %0;
        and.b32 q1, q1, 0x0F0F0F0F;
        prmt.b32 p2, q1, 0x43434343, 0x4140;
        prmt.b32 p3, q1, 0x43434343, 0x4342;
        shr.u32 q2, q2, %0;
        and.b32 q2, q2, 0x0F0F0F0F;
        prmt.b32 p4, q2, 0x43434343, 0x4140;
        prmt.b32 p5, q2, 0x43434343, 0x4342;
        shr.u32 q3, q3, %0;
        and.b32 q3, q3, 0x0F0F0F0F;
        prmt.b32 p6, q3, 0x43434343, 0x4140;
        prmt.b32 p7, q3, 0x43434343, 0x4342;
        mov.b32 f0, 0x3F803F80;
        mov.b32 f1, 0xC308C308;
        fma.rn.bf16x2 p0, p0, f0, f1;
        fma.rn.bf16x2 p1, p1, f0, f1;
        fma.rn.bf16x2 p2, p2, f0, f1;
        fma.rn.bf16x2 p3, p3, f0, f1;
        fma.rn.bf16x2 p4, p4, f0, f1;
        fma.rn.bf16x2 p5, p5, f0, f1;
        fma.rn.bf16x2 p6, p6, f0, f1;
        fma.rn.bf16x2 p7, p7, f0, f1;
        """;

    /// <summary>Scales the pairs and stores them; operands: the places of both chunks of 16 bytes among the tiles.</summary>
    public const string Store = """
        mov.b32 f0, 0x80008000;
        fma.rn.bf16x2 p0, p0, scale, f0;
        fma.rn.bf16x2 p1, p1, scale, f0;
        fma.rn.bf16x2 p2, p2, scale, f0;
        fma.rn.bf16x2 p3, p3, scale, f0;
        fma.rn.bf16x2 p4, p4, scale, f0;
        fma.rn.bf16x2 p5, p5, scale, f0;
        fma.rn.bf16x2 p6, p6, scale, f0;
        fma.rn.bf16x2 p7, p7, scale, f0;
        mov.u32 place, tiles;
        add.u32 rows, place, %0;
        add.u32 outputs, place, %1;
        st.shared.v4.b32 [rows], {p0, p1, p2, p3};
        st.shared.v4.b32 [outputs], {p4, p5, p6, p7};
        """;

    /// <summary>Copies 16 bytes of two rows; operands: the first's place among the tiles and the two sources.</summary>
    public const string CopyRows = """
        mov.u32 place, tiles;
        add.u32 place, place, %0;
        cp.async.cg.shared.global [place], [%1], 16;
        cp.async.cg.shared.global [place+4096], [%2], 16;
        """;
}
