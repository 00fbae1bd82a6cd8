namespace Pipeline.Kernels;

/// <summary>A device that can tell its memory and measure what it can do at most, so that figures become shares of it.</summary>
public interface IMeasuredDevice : IDevice
{
    /// <summary>Memory for weights, keys and values, and scratch together, in bytes.</summary>
    long MemoryBytes { get; }

    /// <summary>Takes the memory to measure with. Called, as all of the device, by its owner's thread.</summary>
    IDeviceLimits OpenLimits();
}

/// <summary>
/// Measurements of a device's limits. Each call takes a fraction of a second and measures once: whoever wants a median, or wants
/// them beside other measurements, calls again.
/// </summary>
public interface IDeviceLimits : IDisposable
{
    /// <summary>The multiplication that <see cref="MeasureMultiplyAdds"/> does, in words: <c>float32, AVX-512</c>.</summary>
    string Multiplication { get; }

    /// <summary>Bytes a second of reading memory far larger than the caches.</summary>
    double MeasureReading();

    /// <summary>Bytes a second of copying such memory, those read and those written together.</summary>
    double MeasureCopying();

    /// <summary>Floating-point operations a second (a multiply-add is two) of the fastest multiplication that products use.</summary>
    double MeasureMultiplyAdds();
}
