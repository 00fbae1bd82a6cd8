using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Pipeline.Kernels.Tests;

/// <summary>CUDA's code of a kernel, generated without a device, and executed on the host, group by group and warp by warp.</summary>
internal static class PtxLaunch
{
    /// <param name="kernel">A public static method.</param>
    /// <param name="specialization">Threads of a group, and groups of a multiprocessor.</param>
    public static string Generate(MethodInfo kernel, KernelSpecialization specialization)
    {
        using var context = Context.Create(builder => builder.Optimize(OptimizationLevel.O2));
        using var backend = new PTXBackend(context, CudaArchitecture.SM_80, CudaInstructionSet.ISA_80, null!);
        return ((PTXCompiledKernel)backend.Compile(EntryPointDescription.FromExplicitlyGroupedKernel(kernel), specialization)).PTXAssembly;
    }

    /// <summary>Executes a launch; addresses in its arguments are the process's own.</summary>
    /// <param name="program">The kernel.</param>
    /// <param name="size">Groups, and threads of a group.</param>
    /// <param name="late">As <see cref="PtxGroup"/> has it.</param>
    /// <param name="arguments">Bytes of each parameter.</param>
    public static void Run(PtxProgram program, KernelConfig size, bool late, params byte[][] arguments)
    {
        for (var y = 0; y < size.GridDim.Y; y++)
        {
            for (var x = 0; x < size.GridDim.X; x++)
            {
                var specials = new Dictionary<string, ulong>(StringComparer.Ordinal)
                {
                    ["%ctaid.x"] = (ulong)x,
                    ["%ctaid.y"] = (ulong)y,
                    ["%nctaid.x"] = (ulong)size.GridDim.X,
                    ["%nctaid.y"] = (ulong)size.GridDim.Y,
                };

                // What no copy has filled is not a number.
                var shared = new byte[program.SharedBytes];
                Array.Fill(shared, byte.MaxValue);
                var group = new PtxGroup(program, arguments, shared, specials, late);
                PtxWarp[] warps = [.. Enumerable.Range(0, size.GroupDim.X / PtxWarp.Lanes).Select(warp => new PtxWarp(group, warp * PtxWarp.Lanes))];
                var waiting = 0;
                while (waiting >= 0)
                {
                    waiting = Assert.Single(warps.Select(warp => warp.Run()).Distinct());
                }
            }
        }
    }

    public static byte[] Bytes<T>(T value)
        where T : struct
    {
        var bytes = new byte[Unsafe.SizeOf<T>()];
        MemoryMarshal.Write(bytes, in value);
        return bytes;
    }
}
