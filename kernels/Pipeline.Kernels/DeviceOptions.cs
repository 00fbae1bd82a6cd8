using System.ComponentModel.DataAnnotations;

namespace Pipeline.Kernels;

/// <summary>Settings of <c>pipeline.device</c>.</summary>
/// <param name="Device">Which device computes: <c>auto</c>, <c>cpu</c>, <c>cuda:N</c>, <c>opencl:N</c> or <c>simulator</c>.</param>
/// <param name="Threads">Threads of the CPU team; 0 takes one for each processor.</param>
public sealed record DeviceOptions(string Device, [property: Range(0, 1024)] int Threads);
