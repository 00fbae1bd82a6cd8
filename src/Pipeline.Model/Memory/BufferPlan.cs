using Pipeline.Kernels;

namespace Pipeline.Model;

/// <summary>Makes a buffer of a pass: on a device, or, to know what it would take, nowhere.</summary>
internal delegate DeviceBuffer AllocateBuffer(string name, int rows, int columns);

/// <summary>Counts the bytes of buffers without making them, from the same code that makes them.</summary>
internal sealed class BufferPlan
{
    public long Bytes { get; private set; }

    public DeviceBuffer Allocate(string name, int rows, int columns)
    {
        Bytes += (long)sizeof(float) * rows * columns;
        return new PlannedBuffer(name, rows, columns);
    }

    private sealed class PlannedBuffer(string name, int rows, int columns) : DeviceBuffer(name, rows, columns);
}
