namespace Pipeline.Kernels;

/// <summary>
/// PTX of attention on the tensor cores: scores of a tile and their online softmax (Dao, FlashAttention-2, arXiv 2307.08691), with the
/// names and tiles of <see cref="MatrixPtx.Declare"/>. A thread has two queries, upper and lower, and of a tile's scores the fragment of
/// keys 8 j: s(4 j) and s(4 j + 1) of the upper, s(4 j + 2) and s(4 j + 3) of the lower. Scores are powers of two: log2(e) is in
/// the queries' scale.
/// </summary>
internal static partial class FlashPtx
{
    /// <summary>Once a kernel, after <see cref="MatrixPtx.Declare"/>.</summary>
    public const string Declare = """
        .reg .f32 s<32>;
        .reg .f32 most<2>;
        .reg .f32 total<2>;
        .reg .f32 factor<2>;
        .reg .f32 peak<2>;
        .reg .f32 pair<2>;
        .reg .b32 q<32>;
        .reg .b32 own<4>;
        .reg .pred seen;
        """;

    /// <summary>No key was seen.</summary>
    public const string Begin = """
        mov.f32 most0, 0fFF800000; mov.f32 most1, 0fFF800000;
        mov.f32 total0, 0f00000000; mov.f32 total1, 0f00000000;
        """;

    /// <summary>16 elements of both queries, as the fragment of a left matrix; operands: their addresses, the scale, how many elements are left.</summary>
    public const string Query = """
        {
        .reg .f32 x<8>;
        .reg .pred p;
        mov.f32 x0, 0f00000000; mov.f32 x1, 0f00000000; mov.f32 x2, 0f00000000; mov.f32 x3, 0f00000000;
        mov.f32 x4, 0f00000000; mov.f32 x5, 0f00000000; mov.f32 x6, 0f00000000; mov.f32 x7, 0f00000000;
        setp.gt.s32 p, %3, 0; @p ld.global.v2.f32 {x0, x1}, [%0]; @p ld.global.v2.f32 {x2, x3}, [%1];
        setp.gt.s32 p, %3, 8; @p ld.global.v2.f32 {x4, x5}, [%0+32]; @p ld.global.v2.f32 {x6, x7}, [%1+32];
        mul.f32 x0, x0, %2; mul.f32 x1, x1, %2; mul.f32 x2, x2, %2; mul.f32 x3, x3, %2;
        mul.f32 x4, x4, %2; mul.f32 x5, x5, %2; mul.f32 x6, x6, %2; mul.f32 x7, x7, %2;
        cvt.rn.bf16x2.f32 own0, x1, x0; cvt.rn.bf16x2.f32 own1, x3, x2; cvt.rn.bf16x2.f32 own2, x5, x4; cvt.rn.bf16x2.f32 own3, x7, x6;
        }
        """;

    // Where that fragment waits, by number, and how it comes back.
    public const string Keep0 = "mov.b32 q0, own0; mov.b32 q1, own1; mov.b32 q2, own2; mov.b32 q3, own3;";
    public const string Keep1 = "mov.b32 q4, own0; mov.b32 q5, own1; mov.b32 q6, own2; mov.b32 q7, own3;";
    public const string Keep2 = "mov.b32 q8, own0; mov.b32 q9, own1; mov.b32 q10, own2; mov.b32 q11, own3;";
    public const string Keep3 = "mov.b32 q12, own0; mov.b32 q13, own1; mov.b32 q14, own2; mov.b32 q15, own3;";
    public const string Keep4 = "mov.b32 q16, own0; mov.b32 q17, own1; mov.b32 q18, own2; mov.b32 q19, own3;";
    public const string Keep5 = "mov.b32 q20, own0; mov.b32 q21, own1; mov.b32 q22, own2; mov.b32 q23, own3;";
    public const string Keep6 = "mov.b32 q24, own0; mov.b32 q25, own1; mov.b32 q26, own2; mov.b32 q27, own3;";
    public const string Keep7 = "mov.b32 q28, own0; mov.b32 q29, own1; mov.b32 q30, own2; mov.b32 q31, own3;";

    public const string Take0 = "mov.b32 own0, q0; mov.b32 own1, q1; mov.b32 own2, q2; mov.b32 own3, q3;";
    public const string Take1 = "mov.b32 own0, q4; mov.b32 own1, q5; mov.b32 own2, q6; mov.b32 own3, q7;";
    public const string Take2 = "mov.b32 own0, q8; mov.b32 own1, q9; mov.b32 own2, q10; mov.b32 own3, q11;";
    public const string Take3 = "mov.b32 own0, q12; mov.b32 own1, q13; mov.b32 own2, q14; mov.b32 own3, q15;";
    public const string Take4 = "mov.b32 own0, q16; mov.b32 own1, q17; mov.b32 own2, q18; mov.b32 own3, q19;";
    public const string Take5 = "mov.b32 own0, q20; mov.b32 own1, q21; mov.b32 own2, q22; mov.b32 own3, q23;";
    public const string Take6 = "mov.b32 own0, q24; mov.b32 own1, q25; mov.b32 own2, q26; mov.b32 own3, q27;";
    public const string Take7 = "mov.b32 own0, q28; mov.b32 own1, q29; mov.b32 own2, q30; mov.b32 own3, q31;";

    public const string Clear = """
        mov.f32 s0, 0f00000000; mov.f32 s1, 0f00000000; mov.f32 s2, 0f00000000; mov.f32 s3, 0f00000000;
        mov.f32 s4, 0f00000000; mov.f32 s5, 0f00000000; mov.f32 s6, 0f00000000; mov.f32 s7, 0f00000000;
        mov.f32 s8, 0f00000000; mov.f32 s9, 0f00000000; mov.f32 s10, 0f00000000; mov.f32 s11, 0f00000000;
        mov.f32 s12, 0f00000000; mov.f32 s13, 0f00000000; mov.f32 s14, 0f00000000; mov.f32 s15, 0f00000000;
        mov.f32 s16, 0f00000000; mov.f32 s17, 0f00000000; mov.f32 s18, 0f00000000; mov.f32 s19, 0f00000000;
        mov.f32 s20, 0f00000000; mov.f32 s21, 0f00000000; mov.f32 s22, 0f00000000; mov.f32 s23, 0f00000000;
        mov.f32 s24, 0f00000000; mov.f32 s25, 0f00000000; mov.f32 s26, 0f00000000; mov.f32 s27, 0f00000000;
        mov.f32 s28, 0f00000000; mov.f32 s29, 0f00000000; mov.f32 s30, 0f00000000; mov.f32 s31, 0f00000000;
        """;

    /// <summary>Adds 16 elements to all scores; operand: the thread's place of keys.</summary>
    public const string Scores = """
        mov.u32 place, tiles;
        add.u32 rows, place, %0;
        ldmatrix.sync.aligned.m8n8.x4.shared.b16 {b0, b1, b2, b3}, [rows];
        ldmatrix.sync.aligned.m8n8.x4.shared.b16 {b4, b5, b6, b7}, [rows+4096];
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {s0, s1, s2, s3}, {own0, own1, own2, own3}, {b0, b1}, {s0, s1, s2, s3};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {s4, s5, s6, s7}, {own0, own1, own2, own3}, {b2, b3}, {s4, s5, s6, s7};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {s8, s9, s10, s11}, {own0, own1, own2, own3}, {b4, b5}, {s8, s9, s10, s11};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {s12, s13, s14, s15}, {own0, own1, own2, own3}, {b6, b7}, {s12, s13, s14, s15};
        ldmatrix.sync.aligned.m8n8.x4.shared.b16 {b0, b1, b2, b3}, [rows+8192];
        ldmatrix.sync.aligned.m8n8.x4.shared.b16 {b4, b5, b6, b7}, [rows+12288];
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {s16, s17, s18, s19}, {own0, own1, own2, own3}, {b0, b1}, {s16, s17, s18, s19};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {s20, s21, s22, s23}, {own0, own1, own2, own3}, {b2, b3}, {s20, s21, s22, s23};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {s24, s25, s26, s27}, {own0, own1, own2, own3}, {b4, b5}, {s24, s25, s26, s27};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {s28, s29, s30, s31}, {own0, own1, own2, own3}, {b6, b7}, {s28, s29, s30, s31};
        """;

    /// <summary>Hides keys; operands: how many keys from the thread's first on the upper query sees, and the lower.</summary>
    public const string Mask = """
        setp.gt.s32 seen, %0, 0; selp.f32 s0, s0, 0fFF800000, seen;
        setp.gt.s32 seen, %0, 1; selp.f32 s1, s1, 0fFF800000, seen;
        setp.gt.s32 seen, %0, 8; selp.f32 s4, s4, 0fFF800000, seen;
        setp.gt.s32 seen, %0, 9; selp.f32 s5, s5, 0fFF800000, seen;
        setp.gt.s32 seen, %0, 16; selp.f32 s8, s8, 0fFF800000, seen;
        setp.gt.s32 seen, %0, 17; selp.f32 s9, s9, 0fFF800000, seen;
        setp.gt.s32 seen, %0, 24; selp.f32 s12, s12, 0fFF800000, seen;
        setp.gt.s32 seen, %0, 25; selp.f32 s13, s13, 0fFF800000, seen;
        setp.gt.s32 seen, %0, 32; selp.f32 s16, s16, 0fFF800000, seen;
        setp.gt.s32 seen, %0, 33; selp.f32 s17, s17, 0fFF800000, seen;
        setp.gt.s32 seen, %0, 40; selp.f32 s20, s20, 0fFF800000, seen;
        setp.gt.s32 seen, %0, 41; selp.f32 s21, s21, 0fFF800000, seen;
        setp.gt.s32 seen, %0, 48; selp.f32 s24, s24, 0fFF800000, seen;
        setp.gt.s32 seen, %0, 49; selp.f32 s25, s25, 0fFF800000, seen;
        setp.gt.s32 seen, %0, 56; selp.f32 s28, s28, 0fFF800000, seen;
        setp.gt.s32 seen, %0, 57; selp.f32 s29, s29, 0fFF800000, seen;
        setp.gt.s32 seen, %1, 0; selp.f32 s2, s2, 0fFF800000, seen;
        setp.gt.s32 seen, %1, 1; selp.f32 s3, s3, 0fFF800000, seen;
        setp.gt.s32 seen, %1, 8; selp.f32 s6, s6, 0fFF800000, seen;
        setp.gt.s32 seen, %1, 9; selp.f32 s7, s7, 0fFF800000, seen;
        setp.gt.s32 seen, %1, 16; selp.f32 s10, s10, 0fFF800000, seen;
        setp.gt.s32 seen, %1, 17; selp.f32 s11, s11, 0fFF800000, seen;
        setp.gt.s32 seen, %1, 24; selp.f32 s14, s14, 0fFF800000, seen;
        setp.gt.s32 seen, %1, 25; selp.f32 s15, s15, 0fFF800000, seen;
        setp.gt.s32 seen, %1, 32; selp.f32 s18, s18, 0fFF800000, seen;
        setp.gt.s32 seen, %1, 33; selp.f32 s19, s19, 0fFF800000, seen;
        setp.gt.s32 seen, %1, 40; selp.f32 s22, s22, 0fFF800000, seen;
        setp.gt.s32 seen, %1, 41; selp.f32 s23, s23, 0fFF800000, seen;
        setp.gt.s32 seen, %1, 48; selp.f32 s26, s26, 0fFF800000, seen;
        setp.gt.s32 seen, %1, 49; selp.f32 s27, s27, 0fFF800000, seen;
        setp.gt.s32 seen, %1, 56; selp.f32 s30, s30, 0fFF800000, seen;
        setp.gt.s32 seen, %1, 57; selp.f32 s31, s31, 0fFF800000, seen;
        """;

    /// <summary>The largest score so far, over the four threads of a query, and what that makes of earlier weights.</summary>
    public const string Peak = """
        max.f32 peak0, s0, s1;
        max.f32 pair0, s4, s5; max.f32 peak0, peak0, pair0;
        max.f32 pair0, s8, s9; max.f32 peak0, peak0, pair0;
        max.f32 pair0, s12, s13; max.f32 peak0, peak0, pair0;
        max.f32 pair0, s16, s17; max.f32 peak0, peak0, pair0;
        max.f32 pair0, s20, s21; max.f32 peak0, peak0, pair0;
        max.f32 pair0, s24, s25; max.f32 peak0, peak0, pair0;
        max.f32 pair0, s28, s29; max.f32 peak0, peak0, pair0;
        max.f32 peak1, s2, s3;
        max.f32 pair1, s6, s7; max.f32 peak1, peak1, pair1;
        max.f32 pair1, s10, s11; max.f32 peak1, peak1, pair1;
        max.f32 pair1, s14, s15; max.f32 peak1, peak1, pair1;
        max.f32 pair1, s18, s19; max.f32 peak1, peak1, pair1;
        max.f32 pair1, s22, s23; max.f32 peak1, peak1, pair1;
        max.f32 pair1, s26, s27; max.f32 peak1, peak1, pair1;
        max.f32 pair1, s30, s31; max.f32 peak1, peak1, pair1;
        shfl.sync.bfly.b32 pair0, peak0, 1, 31, 0xffffffff; max.f32 peak0, peak0, pair0;
        shfl.sync.bfly.b32 pair1, peak1, 1, 31, 0xffffffff; max.f32 peak1, peak1, pair1;
        shfl.sync.bfly.b32 pair0, peak0, 2, 31, 0xffffffff; max.f32 peak0, peak0, pair0;
        shfl.sync.bfly.b32 pair1, peak1, 2, 31, 0xffffffff; max.f32 peak1, peak1, pair1;
        max.f32 peak0, peak0, most0; sub.f32 factor0, most0, peak0; ex2.approx.ftz.f32 factor0, factor0;
        mov.f32 most0, peak0; mul.f32 total0, total0, factor0;
        max.f32 peak1, peak1, most1; sub.f32 factor1, most1, peak1; ex2.approx.ftz.f32 factor1, factor1;
        mov.f32 most1, peak1; mul.f32 total1, total1, factor1;
        """;

    /// <summary>Scores become weights relative to the largest, their sum in float32, themselves BF16.</summary>
    public const string Weights = """
        sub.f32 s0, s0, most0; ex2.approx.ftz.f32 s0, s0; sub.f32 s1, s1, most0; ex2.approx.ftz.f32 s1, s1;
        add.f32 pair0, s0, s1; add.f32 total0, total0, pair0; cvt.rn.bf16x2.f32 a0, s1, s0;
        sub.f32 s2, s2, most1; ex2.approx.ftz.f32 s2, s2; sub.f32 s3, s3, most1; ex2.approx.ftz.f32 s3, s3;
        add.f32 pair1, s2, s3; add.f32 total1, total1, pair1; cvt.rn.bf16x2.f32 a1, s3, s2;
        sub.f32 s4, s4, most0; ex2.approx.ftz.f32 s4, s4; sub.f32 s5, s5, most0; ex2.approx.ftz.f32 s5, s5;
        add.f32 pair0, s4, s5; add.f32 total0, total0, pair0; cvt.rn.bf16x2.f32 a2, s5, s4;
        sub.f32 s6, s6, most1; ex2.approx.ftz.f32 s6, s6; sub.f32 s7, s7, most1; ex2.approx.ftz.f32 s7, s7;
        add.f32 pair1, s6, s7; add.f32 total1, total1, pair1; cvt.rn.bf16x2.f32 a3, s7, s6;
        sub.f32 s8, s8, most0; ex2.approx.ftz.f32 s8, s8; sub.f32 s9, s9, most0; ex2.approx.ftz.f32 s9, s9;
        add.f32 pair0, s8, s9; add.f32 total0, total0, pair0; cvt.rn.bf16x2.f32 a4, s9, s8;
        sub.f32 s10, s10, most1; ex2.approx.ftz.f32 s10, s10; sub.f32 s11, s11, most1; ex2.approx.ftz.f32 s11, s11;
        add.f32 pair1, s10, s11; add.f32 total1, total1, pair1; cvt.rn.bf16x2.f32 a5, s11, s10;
        sub.f32 s12, s12, most0; ex2.approx.ftz.f32 s12, s12; sub.f32 s13, s13, most0; ex2.approx.ftz.f32 s13, s13;
        add.f32 pair0, s12, s13; add.f32 total0, total0, pair0; cvt.rn.bf16x2.f32 a6, s13, s12;
        sub.f32 s14, s14, most1; ex2.approx.ftz.f32 s14, s14; sub.f32 s15, s15, most1; ex2.approx.ftz.f32 s15, s15;
        add.f32 pair1, s14, s15; add.f32 total1, total1, pair1; cvt.rn.bf16x2.f32 a7, s15, s14;
        sub.f32 s16, s16, most0; ex2.approx.ftz.f32 s16, s16; sub.f32 s17, s17, most0; ex2.approx.ftz.f32 s17, s17;
        add.f32 pair0, s16, s17; add.f32 total0, total0, pair0; cvt.rn.bf16x2.f32 a8, s17, s16;
        sub.f32 s18, s18, most1; ex2.approx.ftz.f32 s18, s18; sub.f32 s19, s19, most1; ex2.approx.ftz.f32 s19, s19;
        add.f32 pair1, s18, s19; add.f32 total1, total1, pair1; cvt.rn.bf16x2.f32 a9, s19, s18;
        sub.f32 s20, s20, most0; ex2.approx.ftz.f32 s20, s20; sub.f32 s21, s21, most0; ex2.approx.ftz.f32 s21, s21;
        add.f32 pair0, s20, s21; add.f32 total0, total0, pair0; cvt.rn.bf16x2.f32 a10, s21, s20;
        sub.f32 s22, s22, most1; ex2.approx.ftz.f32 s22, s22; sub.f32 s23, s23, most1; ex2.approx.ftz.f32 s23, s23;
        add.f32 pair1, s22, s23; add.f32 total1, total1, pair1; cvt.rn.bf16x2.f32 a11, s23, s22;
        sub.f32 s24, s24, most0; ex2.approx.ftz.f32 s24, s24; sub.f32 s25, s25, most0; ex2.approx.ftz.f32 s25, s25;
        add.f32 pair0, s24, s25; add.f32 total0, total0, pair0; cvt.rn.bf16x2.f32 a12, s25, s24;
        sub.f32 s26, s26, most1; ex2.approx.ftz.f32 s26, s26; sub.f32 s27, s27, most1; ex2.approx.ftz.f32 s27, s27;
        add.f32 pair1, s26, s27; add.f32 total1, total1, pair1; cvt.rn.bf16x2.f32 a13, s27, s26;
        sub.f32 s28, s28, most0; ex2.approx.ftz.f32 s28, s28; sub.f32 s29, s29, most0; ex2.approx.ftz.f32 s29, s29;
        add.f32 pair0, s28, s29; add.f32 total0, total0, pair0; cvt.rn.bf16x2.f32 a14, s29, s28;
        sub.f32 s30, s30, most1; ex2.approx.ftz.f32 s30, s30; sub.f32 s31, s31, most1; ex2.approx.ftz.f32 s31, s31;
        add.f32 pair1, s30, s31; add.f32 total1, total1, pair1; cvt.rn.bf16x2.f32 a15, s31, s30;
        """;
}
