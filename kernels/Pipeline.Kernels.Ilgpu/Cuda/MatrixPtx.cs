namespace Pipeline.Kernels;

/// <summary>
/// PTX of the tiled product (mma.sync, ldmatrix and cp.async of compute capability 8.0). Sums are named registers, which no level of
/// optimisation moves to memory: the fragment of rows 16 i and outputs 8 j of a warp is acc(16 i + 4 j) to acc(16 i + 4 j + 3).
/// </summary>
internal static class MatrixPtx
{
    /// <summary>Once a kernel.</summary>
    public const string Declare = """
        .shared .align 128 .b8 tiles[49152];
        .reg .f32 acc<64>;
        .reg .b32 a<16>;
        .reg .b32 b<8>;
        .reg .b32 place, rows, outputs;
        """;

    public const string Clear = """
        mov.f32 acc0, 0f00000000; mov.f32 acc1, 0f00000000; mov.f32 acc2, 0f00000000; mov.f32 acc3, 0f00000000;
        mov.f32 acc4, 0f00000000; mov.f32 acc5, 0f00000000; mov.f32 acc6, 0f00000000; mov.f32 acc7, 0f00000000;
        mov.f32 acc8, 0f00000000; mov.f32 acc9, 0f00000000; mov.f32 acc10, 0f00000000; mov.f32 acc11, 0f00000000;
        mov.f32 acc12, 0f00000000; mov.f32 acc13, 0f00000000; mov.f32 acc14, 0f00000000; mov.f32 acc15, 0f00000000;
        mov.f32 acc16, 0f00000000; mov.f32 acc17, 0f00000000; mov.f32 acc18, 0f00000000; mov.f32 acc19, 0f00000000;
        mov.f32 acc20, 0f00000000; mov.f32 acc21, 0f00000000; mov.f32 acc22, 0f00000000; mov.f32 acc23, 0f00000000;
        mov.f32 acc24, 0f00000000; mov.f32 acc25, 0f00000000; mov.f32 acc26, 0f00000000; mov.f32 acc27, 0f00000000;
        mov.f32 acc28, 0f00000000; mov.f32 acc29, 0f00000000; mov.f32 acc30, 0f00000000; mov.f32 acc31, 0f00000000;
        mov.f32 acc32, 0f00000000; mov.f32 acc33, 0f00000000; mov.f32 acc34, 0f00000000; mov.f32 acc35, 0f00000000;
        mov.f32 acc36, 0f00000000; mov.f32 acc37, 0f00000000; mov.f32 acc38, 0f00000000; mov.f32 acc39, 0f00000000;
        mov.f32 acc40, 0f00000000; mov.f32 acc41, 0f00000000; mov.f32 acc42, 0f00000000; mov.f32 acc43, 0f00000000;
        mov.f32 acc44, 0f00000000; mov.f32 acc45, 0f00000000; mov.f32 acc46, 0f00000000; mov.f32 acc47, 0f00000000;
        mov.f32 acc48, 0f00000000; mov.f32 acc49, 0f00000000; mov.f32 acc50, 0f00000000; mov.f32 acc51, 0f00000000;
        mov.f32 acc52, 0f00000000; mov.f32 acc53, 0f00000000; mov.f32 acc54, 0f00000000; mov.f32 acc55, 0f00000000;
        mov.f32 acc56, 0f00000000; mov.f32 acc57, 0f00000000; mov.f32 acc58, 0f00000000; mov.f32 acc59, 0f00000000;
        mov.f32 acc60, 0f00000000; mov.f32 acc61, 0f00000000; mov.f32 acc62, 0f00000000; mov.f32 acc63, 0f00000000;
        """;

    /// <summary>Copies 16 bytes of two rows and of two outputs; operands: the first's place among the tiles and the four sources.</summary>
    public const string Copy = """
        mov.u32 place, tiles;
        add.u32 place, place, %0;
        cp.async.cg.shared.global [place], [%1], 16;
        cp.async.cg.shared.global [place+4096], [%2], 16;
        cp.async.cg.shared.global [place+8192], [%3], 16;
        cp.async.cg.shared.global [place+12288], [%4], 16;
        """;

    public const string Commit = "cp.async.commit_group;";

    /// <summary>Waits for all copies but the last, and for all threads.</summary>
    public const string Wait = """
        cp.async.wait_group 1;
        bar.sync 0;
        """;

    /// <summary>Adds 16 inputs to all sums; operands: the thread's places of rows and of outputs.</summary>
    public const string Multiply = """
        mov.u32 place, tiles;
        add.u32 rows, place, %0;
        add.u32 outputs, place, %1;
        ldmatrix.sync.aligned.m8n8.x4.shared.b16 {a0, a1, a2, a3}, [rows];
        ldmatrix.sync.aligned.m8n8.x4.shared.b16 {a4, a5, a6, a7}, [rows+1024];
        ldmatrix.sync.aligned.m8n8.x4.shared.b16 {a8, a9, a10, a11}, [rows+2048];
        ldmatrix.sync.aligned.m8n8.x4.shared.b16 {a12, a13, a14, a15}, [rows+3072];
        ldmatrix.sync.aligned.m8n8.x4.shared.b16 {b0, b1, b2, b3}, [outputs];
        ldmatrix.sync.aligned.m8n8.x4.shared.b16 {b4, b5, b6, b7}, [outputs+1024];
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc0, acc1, acc2, acc3}, {a0, a1, a2, a3}, {b0, b1}, {acc0, acc1, acc2, acc3};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc4, acc5, acc6, acc7}, {a0, a1, a2, a3}, {b2, b3}, {acc4, acc5, acc6, acc7};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc8, acc9, acc10, acc11}, {a0, a1, a2, a3}, {b4, b5}, {acc8, acc9, acc10, acc11};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc12, acc13, acc14, acc15}, {a0, a1, a2, a3}, {b6, b7}, {acc12, acc13, acc14, acc15};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc16, acc17, acc18, acc19}, {a4, a5, a6, a7}, {b0, b1}, {acc16, acc17, acc18, acc19};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc20, acc21, acc22, acc23}, {a4, a5, a6, a7}, {b2, b3}, {acc20, acc21, acc22, acc23};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc24, acc25, acc26, acc27}, {a4, a5, a6, a7}, {b4, b5}, {acc24, acc25, acc26, acc27};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc28, acc29, acc30, acc31}, {a4, a5, a6, a7}, {b6, b7}, {acc28, acc29, acc30, acc31};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc32, acc33, acc34, acc35}, {a8, a9, a10, a11}, {b0, b1}, {acc32, acc33, acc34, acc35};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc36, acc37, acc38, acc39}, {a8, a9, a10, a11}, {b2, b3}, {acc36, acc37, acc38, acc39};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc40, acc41, acc42, acc43}, {a8, a9, a10, a11}, {b4, b5}, {acc40, acc41, acc42, acc43};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc44, acc45, acc46, acc47}, {a8, a9, a10, a11}, {b6, b7}, {acc44, acc45, acc46, acc47};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc48, acc49, acc50, acc51}, {a12, a13, a14, a15}, {b0, b1}, {acc48, acc49, acc50, acc51};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc52, acc53, acc54, acc55}, {a12, a13, a14, a15}, {b2, b3}, {acc52, acc53, acc54, acc55};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc56, acc57, acc58, acc59}, {a12, a13, a14, a15}, {b4, b5}, {acc56, acc57, acc58, acc59};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc60, acc61, acc62, acc63}, {a12, a13, a14, a15}, {b6, b7}, {acc60, acc61, acc62, acc63};
        """;

    // Stores a row of a thread's sums; operands: the address of the first and how many outputs are left from there on.
    public const string Store0Upper = """
        {
        .reg .pred p;
        setp.gt.s32 p, %1, 0;
        @p st.global.f32 [%0], acc0;
        setp.gt.s32 p, %1, 1;
        @p st.global.f32 [%0+4], acc1;
        setp.gt.s32 p, %1, 8;
        @p st.global.f32 [%0+32], acc4;
        setp.gt.s32 p, %1, 9;
        @p st.global.f32 [%0+36], acc5;
        setp.gt.s32 p, %1, 16;
        @p st.global.f32 [%0+64], acc8;
        setp.gt.s32 p, %1, 17;
        @p st.global.f32 [%0+68], acc9;
        setp.gt.s32 p, %1, 24;
        @p st.global.f32 [%0+96], acc12;
        setp.gt.s32 p, %1, 25;
        @p st.global.f32 [%0+100], acc13;
        }
        """;

    public const string Store0Lower = """
        {
        .reg .pred p;
        setp.gt.s32 p, %1, 0;
        @p st.global.f32 [%0], acc2;
        setp.gt.s32 p, %1, 1;
        @p st.global.f32 [%0+4], acc3;
        setp.gt.s32 p, %1, 8;
        @p st.global.f32 [%0+32], acc6;
        setp.gt.s32 p, %1, 9;
        @p st.global.f32 [%0+36], acc7;
        setp.gt.s32 p, %1, 16;
        @p st.global.f32 [%0+64], acc10;
        setp.gt.s32 p, %1, 17;
        @p st.global.f32 [%0+68], acc11;
        setp.gt.s32 p, %1, 24;
        @p st.global.f32 [%0+96], acc14;
        setp.gt.s32 p, %1, 25;
        @p st.global.f32 [%0+100], acc15;
        }
        """;

    public const string Store1Upper = """
        {
        .reg .pred p;
        setp.gt.s32 p, %1, 0;
        @p st.global.f32 [%0], acc16;
        setp.gt.s32 p, %1, 1;
        @p st.global.f32 [%0+4], acc17;
        setp.gt.s32 p, %1, 8;
        @p st.global.f32 [%0+32], acc20;
        setp.gt.s32 p, %1, 9;
        @p st.global.f32 [%0+36], acc21;
        setp.gt.s32 p, %1, 16;
        @p st.global.f32 [%0+64], acc24;
        setp.gt.s32 p, %1, 17;
        @p st.global.f32 [%0+68], acc25;
        setp.gt.s32 p, %1, 24;
        @p st.global.f32 [%0+96], acc28;
        setp.gt.s32 p, %1, 25;
        @p st.global.f32 [%0+100], acc29;
        }
        """;

    public const string Store1Lower = """
        {
        .reg .pred p;
        setp.gt.s32 p, %1, 0;
        @p st.global.f32 [%0], acc18;
        setp.gt.s32 p, %1, 1;
        @p st.global.f32 [%0+4], acc19;
        setp.gt.s32 p, %1, 8;
        @p st.global.f32 [%0+32], acc22;
        setp.gt.s32 p, %1, 9;
        @p st.global.f32 [%0+36], acc23;
        setp.gt.s32 p, %1, 16;
        @p st.global.f32 [%0+64], acc26;
        setp.gt.s32 p, %1, 17;
        @p st.global.f32 [%0+68], acc27;
        setp.gt.s32 p, %1, 24;
        @p st.global.f32 [%0+96], acc30;
        setp.gt.s32 p, %1, 25;
        @p st.global.f32 [%0+100], acc31;
        }
        """;

    public const string Store2Upper = """
        {
        .reg .pred p;
        setp.gt.s32 p, %1, 0;
        @p st.global.f32 [%0], acc32;
        setp.gt.s32 p, %1, 1;
        @p st.global.f32 [%0+4], acc33;
        setp.gt.s32 p, %1, 8;
        @p st.global.f32 [%0+32], acc36;
        setp.gt.s32 p, %1, 9;
        @p st.global.f32 [%0+36], acc37;
        setp.gt.s32 p, %1, 16;
        @p st.global.f32 [%0+64], acc40;
        setp.gt.s32 p, %1, 17;
        @p st.global.f32 [%0+68], acc41;
        setp.gt.s32 p, %1, 24;
        @p st.global.f32 [%0+96], acc44;
        setp.gt.s32 p, %1, 25;
        @p st.global.f32 [%0+100], acc45;
        }
        """;

    public const string Store2Lower = """
        {
        .reg .pred p;
        setp.gt.s32 p, %1, 0;
        @p st.global.f32 [%0], acc34;
        setp.gt.s32 p, %1, 1;
        @p st.global.f32 [%0+4], acc35;
        setp.gt.s32 p, %1, 8;
        @p st.global.f32 [%0+32], acc38;
        setp.gt.s32 p, %1, 9;
        @p st.global.f32 [%0+36], acc39;
        setp.gt.s32 p, %1, 16;
        @p st.global.f32 [%0+64], acc42;
        setp.gt.s32 p, %1, 17;
        @p st.global.f32 [%0+68], acc43;
        setp.gt.s32 p, %1, 24;
        @p st.global.f32 [%0+96], acc46;
        setp.gt.s32 p, %1, 25;
        @p st.global.f32 [%0+100], acc47;
        }
        """;

    public const string Store3Upper = """
        {
        .reg .pred p;
        setp.gt.s32 p, %1, 0;
        @p st.global.f32 [%0], acc48;
        setp.gt.s32 p, %1, 1;
        @p st.global.f32 [%0+4], acc49;
        setp.gt.s32 p, %1, 8;
        @p st.global.f32 [%0+32], acc52;
        setp.gt.s32 p, %1, 9;
        @p st.global.f32 [%0+36], acc53;
        setp.gt.s32 p, %1, 16;
        @p st.global.f32 [%0+64], acc56;
        setp.gt.s32 p, %1, 17;
        @p st.global.f32 [%0+68], acc57;
        setp.gt.s32 p, %1, 24;
        @p st.global.f32 [%0+96], acc60;
        setp.gt.s32 p, %1, 25;
        @p st.global.f32 [%0+100], acc61;
        }
        """;

    public const string Store3Lower = """
        {
        .reg .pred p;
        setp.gt.s32 p, %1, 0;
        @p st.global.f32 [%0], acc50;
        setp.gt.s32 p, %1, 1;
        @p st.global.f32 [%0+4], acc51;
        setp.gt.s32 p, %1, 8;
        @p st.global.f32 [%0+32], acc54;
        setp.gt.s32 p, %1, 9;
        @p st.global.f32 [%0+36], acc55;
        setp.gt.s32 p, %1, 16;
        @p st.global.f32 [%0+64], acc58;
        setp.gt.s32 p, %1, 17;
        @p st.global.f32 [%0+68], acc59;
        setp.gt.s32 p, %1, 24;
        @p st.global.f32 [%0+96], acc62;
        setp.gt.s32 p, %1, 25;
        @p st.global.f32 [%0+100], acc63;
        }
        """;
}
