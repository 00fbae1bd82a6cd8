namespace Pipeline.Engine;

/// <summary>The device failed: finished results can be written, and the process ends.</summary>
public sealed class DeviceLostException(Exception cause) : PipelineException(
    "device.lost",
    $"the device failed: {cause.Message}",
    "finished results are kept; start again, and if it fails again check the device and its memory",
    FailureKind.Outside,
    cause);
