namespace Pipeline.Kernels;

/// <summary>
/// Weighted sums of values: the fragment of elements 8 j is acc(4 j) and acc(4 j + 1) of the upper query, acc(4 j + 2) and acc(4 j + 3) of the
/// lower. The accumulators of scores lie as the fragments of a left matrix do, so the weights a(4 i) to a(4 i + 3) of keys 16 i never
/// leave their thread.
/// </summary>
internal static partial class FlashPtx
{
    /// <summary>Multiplies the sums by a factor a query.</summary>
    public const string Scale = """
        mul.f32 acc0, acc0, factor0; mul.f32 acc1, acc1, factor0; mul.f32 acc2, acc2, factor1; mul.f32 acc3, acc3, factor1;
        mul.f32 acc4, acc4, factor0; mul.f32 acc5, acc5, factor0; mul.f32 acc6, acc6, factor1; mul.f32 acc7, acc7, factor1;
        mul.f32 acc8, acc8, factor0; mul.f32 acc9, acc9, factor0; mul.f32 acc10, acc10, factor1; mul.f32 acc11, acc11, factor1;
        mul.f32 acc12, acc12, factor0; mul.f32 acc13, acc13, factor0; mul.f32 acc14, acc14, factor1; mul.f32 acc15, acc15, factor1;
        mul.f32 acc16, acc16, factor0; mul.f32 acc17, acc17, factor0; mul.f32 acc18, acc18, factor1; mul.f32 acc19, acc19, factor1;
        mul.f32 acc20, acc20, factor0; mul.f32 acc21, acc21, factor0; mul.f32 acc22, acc22, factor1; mul.f32 acc23, acc23, factor1;
        mul.f32 acc24, acc24, factor0; mul.f32 acc25, acc25, factor0; mul.f32 acc26, acc26, factor1; mul.f32 acc27, acc27, factor1;
        mul.f32 acc28, acc28, factor0; mul.f32 acc29, acc29, factor0; mul.f32 acc30, acc30, factor1; mul.f32 acc31, acc31, factor1;
        mul.f32 acc32, acc32, factor0; mul.f32 acc33, acc33, factor0; mul.f32 acc34, acc34, factor1; mul.f32 acc35, acc35, factor1;
        mul.f32 acc36, acc36, factor0; mul.f32 acc37, acc37, factor0; mul.f32 acc38, acc38, factor1; mul.f32 acc39, acc39, factor1;
        mul.f32 acc40, acc40, factor0; mul.f32 acc41, acc41, factor0; mul.f32 acc42, acc42, factor1; mul.f32 acc43, acc43, factor1;
        mul.f32 acc44, acc44, factor0; mul.f32 acc45, acc45, factor0; mul.f32 acc46, acc46, factor1; mul.f32 acc47, acc47, factor1;
        mul.f32 acc48, acc48, factor0; mul.f32 acc49, acc49, factor0; mul.f32 acc50, acc50, factor1; mul.f32 acc51, acc51, factor1;
        mul.f32 acc52, acc52, factor0; mul.f32 acc53, acc53, factor0; mul.f32 acc54, acc54, factor1; mul.f32 acc55, acc55, factor1;
        mul.f32 acc56, acc56, factor0; mul.f32 acc57, acc57, factor0; mul.f32 acc58, acc58, factor1; mul.f32 acc59, acc59, factor1;
        mul.f32 acc60, acc60, factor0; mul.f32 acc61, acc61, factor0; mul.f32 acc62, acc62, factor1; mul.f32 acc63, acc63, factor1;
        """;

    /// <summary>Adds values by their weights, 32 elements of the head; operands: the thread's places of the first 16 and of the others.</summary>
    public const string Values0 = """
        mov.u32 place, tiles;
        add.u32 rows, place, %0;
        add.u32 outputs, place, %1;
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b0, b1, b2, b3}, [rows];
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b4, b5, b6, b7}, [outputs];
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc0, acc1, acc2, acc3}, {a0, a1, a2, a3}, {b0, b1}, {acc0, acc1, acc2, acc3};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc4, acc5, acc6, acc7}, {a0, a1, a2, a3}, {b2, b3}, {acc4, acc5, acc6, acc7};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc8, acc9, acc10, acc11}, {a0, a1, a2, a3}, {b4, b5}, {acc8, acc9, acc10, acc11};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc12, acc13, acc14, acc15}, {a0, a1, a2, a3}, {b6, b7}, {acc12, acc13, acc14, acc15};
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b0, b1, b2, b3}, [rows+4096];
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b4, b5, b6, b7}, [outputs+4096];
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc0, acc1, acc2, acc3}, {a4, a5, a6, a7}, {b0, b1}, {acc0, acc1, acc2, acc3};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc4, acc5, acc6, acc7}, {a4, a5, a6, a7}, {b2, b3}, {acc4, acc5, acc6, acc7};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc8, acc9, acc10, acc11}, {a4, a5, a6, a7}, {b4, b5}, {acc8, acc9, acc10, acc11};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc12, acc13, acc14, acc15}, {a4, a5, a6, a7}, {b6, b7}, {acc12, acc13, acc14, acc15};
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b0, b1, b2, b3}, [rows+8192];
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b4, b5, b6, b7}, [outputs+8192];
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc0, acc1, acc2, acc3}, {a8, a9, a10, a11}, {b0, b1}, {acc0, acc1, acc2, acc3};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc4, acc5, acc6, acc7}, {a8, a9, a10, a11}, {b2, b3}, {acc4, acc5, acc6, acc7};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc8, acc9, acc10, acc11}, {a8, a9, a10, a11}, {b4, b5}, {acc8, acc9, acc10, acc11};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc12, acc13, acc14, acc15}, {a8, a9, a10, a11}, {b6, b7}, {acc12, acc13, acc14, acc15};
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b0, b1, b2, b3}, [rows+12288];
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b4, b5, b6, b7}, [outputs+12288];
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc0, acc1, acc2, acc3}, {a12, a13, a14, a15}, {b0, b1}, {acc0, acc1, acc2, acc3};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc4, acc5, acc6, acc7}, {a12, a13, a14, a15}, {b2, b3}, {acc4, acc5, acc6, acc7};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc8, acc9, acc10, acc11}, {a12, a13, a14, a15}, {b4, b5}, {acc8, acc9, acc10, acc11};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc12, acc13, acc14, acc15}, {a12, a13, a14, a15}, {b6, b7}, {acc12, acc13, acc14, acc15};
        """;

    public const string Values1 = """
        mov.u32 place, tiles;
        add.u32 rows, place, %0;
        add.u32 outputs, place, %1;
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b0, b1, b2, b3}, [rows];
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b4, b5, b6, b7}, [outputs];
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc16, acc17, acc18, acc19}, {a0, a1, a2, a3}, {b0, b1}, {acc16, acc17, acc18, acc19};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc20, acc21, acc22, acc23}, {a0, a1, a2, a3}, {b2, b3}, {acc20, acc21, acc22, acc23};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc24, acc25, acc26, acc27}, {a0, a1, a2, a3}, {b4, b5}, {acc24, acc25, acc26, acc27};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc28, acc29, acc30, acc31}, {a0, a1, a2, a3}, {b6, b7}, {acc28, acc29, acc30, acc31};
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b0, b1, b2, b3}, [rows+4096];
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b4, b5, b6, b7}, [outputs+4096];
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc16, acc17, acc18, acc19}, {a4, a5, a6, a7}, {b0, b1}, {acc16, acc17, acc18, acc19};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc20, acc21, acc22, acc23}, {a4, a5, a6, a7}, {b2, b3}, {acc20, acc21, acc22, acc23};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc24, acc25, acc26, acc27}, {a4, a5, a6, a7}, {b4, b5}, {acc24, acc25, acc26, acc27};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc28, acc29, acc30, acc31}, {a4, a5, a6, a7}, {b6, b7}, {acc28, acc29, acc30, acc31};
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b0, b1, b2, b3}, [rows+8192];
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b4, b5, b6, b7}, [outputs+8192];
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc16, acc17, acc18, acc19}, {a8, a9, a10, a11}, {b0, b1}, {acc16, acc17, acc18, acc19};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc20, acc21, acc22, acc23}, {a8, a9, a10, a11}, {b2, b3}, {acc20, acc21, acc22, acc23};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc24, acc25, acc26, acc27}, {a8, a9, a10, a11}, {b4, b5}, {acc24, acc25, acc26, acc27};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc28, acc29, acc30, acc31}, {a8, a9, a10, a11}, {b6, b7}, {acc28, acc29, acc30, acc31};
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b0, b1, b2, b3}, [rows+12288];
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b4, b5, b6, b7}, [outputs+12288];
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc16, acc17, acc18, acc19}, {a12, a13, a14, a15}, {b0, b1}, {acc16, acc17, acc18, acc19};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc20, acc21, acc22, acc23}, {a12, a13, a14, a15}, {b2, b3}, {acc20, acc21, acc22, acc23};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc24, acc25, acc26, acc27}, {a12, a13, a14, a15}, {b4, b5}, {acc24, acc25, acc26, acc27};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc28, acc29, acc30, acc31}, {a12, a13, a14, a15}, {b6, b7}, {acc28, acc29, acc30, acc31};
        """;

    public const string Values2 = """
        mov.u32 place, tiles;
        add.u32 rows, place, %0;
        add.u32 outputs, place, %1;
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b0, b1, b2, b3}, [rows];
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b4, b5, b6, b7}, [outputs];
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc32, acc33, acc34, acc35}, {a0, a1, a2, a3}, {b0, b1}, {acc32, acc33, acc34, acc35};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc36, acc37, acc38, acc39}, {a0, a1, a2, a3}, {b2, b3}, {acc36, acc37, acc38, acc39};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc40, acc41, acc42, acc43}, {a0, a1, a2, a3}, {b4, b5}, {acc40, acc41, acc42, acc43};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc44, acc45, acc46, acc47}, {a0, a1, a2, a3}, {b6, b7}, {acc44, acc45, acc46, acc47};
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b0, b1, b2, b3}, [rows+4096];
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b4, b5, b6, b7}, [outputs+4096];
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc32, acc33, acc34, acc35}, {a4, a5, a6, a7}, {b0, b1}, {acc32, acc33, acc34, acc35};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc36, acc37, acc38, acc39}, {a4, a5, a6, a7}, {b2, b3}, {acc36, acc37, acc38, acc39};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc40, acc41, acc42, acc43}, {a4, a5, a6, a7}, {b4, b5}, {acc40, acc41, acc42, acc43};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc44, acc45, acc46, acc47}, {a4, a5, a6, a7}, {b6, b7}, {acc44, acc45, acc46, acc47};
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b0, b1, b2, b3}, [rows+8192];
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b4, b5, b6, b7}, [outputs+8192];
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc32, acc33, acc34, acc35}, {a8, a9, a10, a11}, {b0, b1}, {acc32, acc33, acc34, acc35};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc36, acc37, acc38, acc39}, {a8, a9, a10, a11}, {b2, b3}, {acc36, acc37, acc38, acc39};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc40, acc41, acc42, acc43}, {a8, a9, a10, a11}, {b4, b5}, {acc40, acc41, acc42, acc43};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc44, acc45, acc46, acc47}, {a8, a9, a10, a11}, {b6, b7}, {acc44, acc45, acc46, acc47};
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b0, b1, b2, b3}, [rows+12288];
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b4, b5, b6, b7}, [outputs+12288];
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc32, acc33, acc34, acc35}, {a12, a13, a14, a15}, {b0, b1}, {acc32, acc33, acc34, acc35};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc36, acc37, acc38, acc39}, {a12, a13, a14, a15}, {b2, b3}, {acc36, acc37, acc38, acc39};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc40, acc41, acc42, acc43}, {a12, a13, a14, a15}, {b4, b5}, {acc40, acc41, acc42, acc43};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc44, acc45, acc46, acc47}, {a12, a13, a14, a15}, {b6, b7}, {acc44, acc45, acc46, acc47};
        """;

    public const string Values3 = """
        mov.u32 place, tiles;
        add.u32 rows, place, %0;
        add.u32 outputs, place, %1;
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b0, b1, b2, b3}, [rows];
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b4, b5, b6, b7}, [outputs];
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc48, acc49, acc50, acc51}, {a0, a1, a2, a3}, {b0, b1}, {acc48, acc49, acc50, acc51};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc52, acc53, acc54, acc55}, {a0, a1, a2, a3}, {b2, b3}, {acc52, acc53, acc54, acc55};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc56, acc57, acc58, acc59}, {a0, a1, a2, a3}, {b4, b5}, {acc56, acc57, acc58, acc59};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc60, acc61, acc62, acc63}, {a0, a1, a2, a3}, {b6, b7}, {acc60, acc61, acc62, acc63};
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b0, b1, b2, b3}, [rows+4096];
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b4, b5, b6, b7}, [outputs+4096];
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc48, acc49, acc50, acc51}, {a4, a5, a6, a7}, {b0, b1}, {acc48, acc49, acc50, acc51};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc52, acc53, acc54, acc55}, {a4, a5, a6, a7}, {b2, b3}, {acc52, acc53, acc54, acc55};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc56, acc57, acc58, acc59}, {a4, a5, a6, a7}, {b4, b5}, {acc56, acc57, acc58, acc59};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc60, acc61, acc62, acc63}, {a4, a5, a6, a7}, {b6, b7}, {acc60, acc61, acc62, acc63};
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b0, b1, b2, b3}, [rows+8192];
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b4, b5, b6, b7}, [outputs+8192];
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc48, acc49, acc50, acc51}, {a8, a9, a10, a11}, {b0, b1}, {acc48, acc49, acc50, acc51};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc52, acc53, acc54, acc55}, {a8, a9, a10, a11}, {b2, b3}, {acc52, acc53, acc54, acc55};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc56, acc57, acc58, acc59}, {a8, a9, a10, a11}, {b4, b5}, {acc56, acc57, acc58, acc59};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc60, acc61, acc62, acc63}, {a8, a9, a10, a11}, {b6, b7}, {acc60, acc61, acc62, acc63};
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b0, b1, b2, b3}, [rows+12288];
        ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {b4, b5, b6, b7}, [outputs+12288];
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc48, acc49, acc50, acc51}, {a12, a13, a14, a15}, {b0, b1}, {acc48, acc49, acc50, acc51};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc52, acc53, acc54, acc55}, {a12, a13, a14, a15}, {b2, b3}, {acc52, acc53, acc54, acc55};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc56, acc57, acc58, acc59}, {a12, a13, a14, a15}, {b4, b5}, {acc56, acc57, acc58, acc59};
        mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {acc60, acc61, acc62, acc63}, {a12, a13, a14, a15}, {b6, b7}, {acc60, acc61, acc62, acc63};
        """;

    /// <summary>One over the sum of weights, over the four threads of a query.</summary>
    public const string Finish = """
        shfl.sync.bfly.b32 pair0, total0, 1, 31, 0xffffffff; add.f32 total0, total0, pair0;
        shfl.sync.bfly.b32 pair1, total1, 1, 31, 0xffffffff; add.f32 total1, total1, pair1;
        shfl.sync.bfly.b32 pair0, total0, 2, 31, 0xffffffff; add.f32 total0, total0, pair0;
        shfl.sync.bfly.b32 pair1, total1, 2, 31, 0xffffffff; add.f32 total1, total1, pair1;
        rcp.rn.f32 factor0, total0; rcp.rn.f32 factor1, total1;
        """;

    // Stores a query's sums; operands: the address of the thread's first and how many elements a head has, 0 for no query.
    public const string StoreUpper = """
        {
        .reg .pred p;
        setp.gt.s32 p, %1, 0; @p st.global.v2.f32 [%0], {acc0, acc1};
        setp.gt.s32 p, %1, 8; @p st.global.v2.f32 [%0+32], {acc4, acc5};
        setp.gt.s32 p, %1, 16; @p st.global.v2.f32 [%0+64], {acc8, acc9};
        setp.gt.s32 p, %1, 24; @p st.global.v2.f32 [%0+96], {acc12, acc13};
        setp.gt.s32 p, %1, 32; @p st.global.v2.f32 [%0+128], {acc16, acc17};
        setp.gt.s32 p, %1, 40; @p st.global.v2.f32 [%0+160], {acc20, acc21};
        setp.gt.s32 p, %1, 48; @p st.global.v2.f32 [%0+192], {acc24, acc25};
        setp.gt.s32 p, %1, 56; @p st.global.v2.f32 [%0+224], {acc28, acc29};
        setp.gt.s32 p, %1, 64; @p st.global.v2.f32 [%0+256], {acc32, acc33};
        setp.gt.s32 p, %1, 72; @p st.global.v2.f32 [%0+288], {acc36, acc37};
        setp.gt.s32 p, %1, 80; @p st.global.v2.f32 [%0+320], {acc40, acc41};
        setp.gt.s32 p, %1, 88; @p st.global.v2.f32 [%0+352], {acc44, acc45};
        setp.gt.s32 p, %1, 96; @p st.global.v2.f32 [%0+384], {acc48, acc49};
        setp.gt.s32 p, %1, 104; @p st.global.v2.f32 [%0+416], {acc52, acc53};
        setp.gt.s32 p, %1, 112; @p st.global.v2.f32 [%0+448], {acc56, acc57};
        setp.gt.s32 p, %1, 120; @p st.global.v2.f32 [%0+480], {acc60, acc61};
        }
        """;

    public const string StoreLower = """
        {
        .reg .pred p;
        setp.gt.s32 p, %1, 0; @p st.global.v2.f32 [%0], {acc2, acc3};
        setp.gt.s32 p, %1, 8; @p st.global.v2.f32 [%0+32], {acc6, acc7};
        setp.gt.s32 p, %1, 16; @p st.global.v2.f32 [%0+64], {acc10, acc11};
        setp.gt.s32 p, %1, 24; @p st.global.v2.f32 [%0+96], {acc14, acc15};
        setp.gt.s32 p, %1, 32; @p st.global.v2.f32 [%0+128], {acc18, acc19};
        setp.gt.s32 p, %1, 40; @p st.global.v2.f32 [%0+160], {acc22, acc23};
        setp.gt.s32 p, %1, 48; @p st.global.v2.f32 [%0+192], {acc26, acc27};
        setp.gt.s32 p, %1, 56; @p st.global.v2.f32 [%0+224], {acc30, acc31};
        setp.gt.s32 p, %1, 64; @p st.global.v2.f32 [%0+256], {acc34, acc35};
        setp.gt.s32 p, %1, 72; @p st.global.v2.f32 [%0+288], {acc38, acc39};
        setp.gt.s32 p, %1, 80; @p st.global.v2.f32 [%0+320], {acc42, acc43};
        setp.gt.s32 p, %1, 88; @p st.global.v2.f32 [%0+352], {acc46, acc47};
        setp.gt.s32 p, %1, 96; @p st.global.v2.f32 [%0+384], {acc50, acc51};
        setp.gt.s32 p, %1, 104; @p st.global.v2.f32 [%0+416], {acc54, acc55};
        setp.gt.s32 p, %1, 112; @p st.global.v2.f32 [%0+448], {acc58, acc59};
        setp.gt.s32 p, %1, 120; @p st.global.v2.f32 [%0+480], {acc62, acc63};
        }
        """;
}
