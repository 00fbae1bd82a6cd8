using System.ComponentModel.DataAnnotations;

namespace Pipeline.Kernels;

/// <summary>Settings of <c>pipeline.device</c>.</summary>
/// <param name="Device">Which device computes: <c>auto</c>, <c>cpu</c>, <c>cuda:N</c>, <c>opencl:N</c> or <c>simulator</c>, or several with commas between.</param>
/// <param name="Threads">Threads of the CPU team; 0 takes one for each processor.</param>
/// <param name="Graphs">Kinds of decode steps that a GPU keeps as graphs; 0 keeps none.</param>
/// <param name="Quantize">How weights of products are held.</param>
public sealed record DeviceOptions(
    string Device, [property: Range(0, 1024)] int Threads, [property: Range(0, 4096)] int Graphs, Quantization Quantize)
{
    /// <summary>The devices, one after the other.</summary>
    public IReadOnlyList<string> Names => Device.Split(',');
}
