namespace Pipeline.Kernels.Tests;

/// <summary>What most tests of devices begin and end with.</summary>
public static class DeviceCalls
{
    /// <summary>A new buffer with these values, so many rows of equal length.</summary>
    public static DeviceBuffer Upload(IDevice device, float[] values, int rows)
    {
        var buffer = device.Allocate("input", rows, values.Length / rows);
        device.Upload(values, buffer, 0);
        return buffer;
    }

    /// <summary>All rows of a buffer.</summary>
    public static float[] Read(IDevice device, DeviceBuffer buffer)
    {
        var values = new float[buffer.Rows * buffer.Columns];
        device.Read(buffer, 0, buffer.Rows, values);
        return values;
    }
}
