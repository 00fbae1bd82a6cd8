using System.Reflection;
using ILGPU.Runtime;
using Xunit.Abstractions;

namespace Pipeline.Kernels.Tests;

/// <summary>CUDA's code of every kernel, generated without a device, and assembled where ptxas is installed.</summary>
public sealed class PtxTests(ITestOutputHelper output)
{
    /// <summary>Every public method of a class of kernels that returns nothing is a kernel.</summary>
    public static TheoryData<string> Kernels => [.. Methods().Select(Name).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Kernels))]
    public void A_kernel_keeps_what_it_computes_in_registers(string kernel)
    {
        var ptx = Generate(kernel);
        Assert.Contains(".target sm_80", ptx, StringComparison.Ordinal);
        Assert.DoesNotContain(".local", ptx, StringComparison.Ordinal);
        Assert.DoesNotContain("ld.f32", ptx, StringComparison.Ordinal); // of an address whose space is not known
    }

    [Theory]
    [InlineData("MatrixKernels.Product", "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", 32)]
    [InlineData("MatrixKernels.Product", "ldmatrix.sync.aligned.m8n8.x4.shared.b16", 12)]
    [InlineData("MatrixKernels.Product", "cp.async.cg.shared.global", 12)]
    [InlineData("QuantizedMatrixKernels.Product", "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", 32)]
    [InlineData("QuantizedMatrixKernels.Product", "cp.async.cg.shared.global", 6)]
    [InlineData("QuantizedMatrixKernels.Product", "ld.global.v4.b32", 4)]
    [InlineData("QuantizedMatrixKernels.Product", "fma.rn.bf16x2", 48)]
    [InlineData("QuantizedMatrixKernels.Product", "st.shared.v4.b32", 6)]
    [InlineData("FlashKernels.Attend", "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", 128)]
    [InlineData("FlashKernels.Attend", "ldmatrix.sync.aligned.m8n8.x4.shared.b16", 32)]
    [InlineData("FlashKernels.Attend", "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16", 32)]
    [InlineData("FlashKernels.Attend", "cp.async.cg.shared.global", 32)]
    [InlineData("FlashKernels.Attend", "ex2.approx.ftz.f32", 34)]
    [InlineData("FlashKernels.Attend", "ld.global.v2.f32", 32)]
    [InlineData("FlashKernels.Attend", "st.global.v2.f32", 32)]
    [InlineData("DecodeKernels.Product", "ld.global.v4.b32", 8)]
    [InlineData("DecodeKernels.Product", "ld.global.v4.f32", 8)]
    [InlineData("DecodeKernels.GateUp", "ld.global.v4.b32", 8)]
    [InlineData("DecodeKernels.Down", "ld.global.v4.b32", 4)]
    [InlineData("WarpAttentionKernels.Split", "shfl.sync.bfly", 5)]
    [InlineData("WarpRotateKernels.RotateAppend", "shfl.sync.bfly", 5)]
    [InlineData("GroupNormKernels.Norm", "shfl.sync.bfly", 10)]
    [InlineData("GroupNormKernels.Norm", "bar.sync", 4)]
    public void A_kernel_for_speed_has_the_instructions_that_make_it_fast(string kernel, string instruction, int least) =>
        Assert.InRange(Generate(kernel).Split(instruction).Length - 1, least, int.MaxValue);

    [PtxasTheory]
    [MemberData(nameof(Kernels))]
    public void A_kernel_assembles_without_a_spill(string kernel) => Assemble(Generate(kernel));

    [PtxasTheory]
    [InlineData("MatrixKernels.Product", MatrixTile.Threads, 2)]
    [InlineData("QuantizedMatrixKernels.Product", MatrixTile.Threads, 2)]
    [InlineData("FlashKernels.Attend", FlashTile.Threads, FlashTile.Groups)]
    public void A_kernel_assembles_without_a_spill_where_several_groups_share_a_multiprocessor(string kernel, int threads, int groups) =>
        Assemble(Generate(kernel, new KernelSpecialization(threads, groups)));

    private void Assemble(string ptx)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("kernel.ptx"), ptx);
        var report = Ptxas.Run("-v", "-arch=sm_90", "-o", folder.File("kernel.cubin"), folder.File("kernel.ptx"));
        output.WriteLine(report);
        Assert.Contains("0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads", report, StringComparison.Ordinal);
    }

    private static IEnumerable<MethodInfo> Methods() => typeof(IlgpuDevice).Assembly.GetTypes()
        .Where(type => type.Name.EndsWith("Kernels", StringComparison.Ordinal) && type is { IsAbstract: true, IsSealed: true })
        .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Static))
        .Where(method => method.ReturnType == typeof(void));

    private static string Name(MethodInfo method) => $"{method.DeclaringType!.Name}.{method.Name}";

    private static string Generate(string kernel, KernelSpecialization specialization = default) =>
        PtxLaunch.Generate(Methods().Single(method => Name(method) == kernel), specialization);
}
