using System.Runtime.InteropServices;
using ILGPU.Runtime.Cuda;

namespace Pipeline.Kernels;

/// <summary>
/// CUDA graphs, which ILGPU does not know: a thin layer over the driver's own functions (CUDA driver API, "Graph Management" and "Stream
/// Management"; the three-argument instantiation is there from CUDA 11.4 on).
/// </summary>
internal sealed unsafe class CudaGraphs
{
    /// <summary>CU_STREAM_CAPTURE_MODE_THREAD_LOCAL: another device's thread may go on allocating meanwhile.</summary>
    private const int ThreadLocal = 1;

    private readonly delegate* unmanaged<nint, int, int> _beginCapture;
    private readonly delegate* unmanaged<nint, nint*, int> _endCapture;
    private readonly delegate* unmanaged<nint*, nint, ulong, int> _instantiate;
    private readonly delegate* unmanaged<nint, nint, int> _launch;
    private readonly delegate* unmanaged<nint, int> _destroy;
    private readonly delegate* unmanaged<nint, int> _destroyExecutable;

    private CudaGraphs(nint driver)
    {
        _beginCapture = (delegate* unmanaged<nint, int, int>)NativeLibrary.GetExport(driver, "cuStreamBeginCapture_v2");
        _endCapture = (delegate* unmanaged<nint, nint*, int>)NativeLibrary.GetExport(driver, "cuStreamEndCapture");
        _instantiate = (delegate* unmanaged<nint*, nint, ulong, int>)NativeLibrary.GetExport(driver, "cuGraphInstantiateWithFlags");
        _launch = (delegate* unmanaged<nint, nint, int>)NativeLibrary.GetExport(driver, "cuGraphLaunch");
        _destroy = (delegate* unmanaged<nint, int>)NativeLibrary.GetExport(driver, "cuGraphDestroy");
        _destroyExecutable = (delegate* unmanaged<nint, int>)NativeLibrary.GetExport(driver, "cuGraphExecDestroy");
    }

    /// <summary>Null where the driver has no such functions.</summary>
    public static CudaGraphs? Find()
    {
        try
        {
            return NativeLibrary.TryLoad(OperatingSystem.IsWindows() ? "nvcuda" : "libcuda.so.1", out var driver) ? new CudaGraphs(driver) : null;
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
    }

    /// <summary>A graph of what the action enqueues on the stream, which does not run; null where the driver refuses.</summary>
    public ILaunchGraph? Capture(CudaStream stream, Action enqueue)
    {
        if (_beginCapture(stream.StreamPtr, ThreadLocal) != 0)
        {
            return null;
        }

        nint graph = 0, executable = 0;
        try
        {
            enqueue();
        }
        finally
        {
            // A stream that captures for ever would run nothing more.
            if (_endCapture(stream.StreamPtr, &graph) != 0 || graph == 0 || _instantiate(&executable, graph, 0) != 0)
            {
                executable = 0;
            }

            if (graph != 0)
            {
                _ = _destroy(graph);
            }
        }

        return executable == 0 ? null : new Graph(this, stream, executable);
    }

    private sealed class Graph(CudaGraphs driver, CudaStream stream, nint executable) : ILaunchGraph
    {
        public void Launch()
        {
            var error = driver._launch(executable, stream.StreamPtr);
            if (error != 0)
            {
                throw new CudaException((CudaError)error);
            }
        }

        public void Dispose() => _ = driver._destroyExecutable(executable);
    }
}
