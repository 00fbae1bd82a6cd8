namespace Pipeline.Engine;

/// <summary>A device failed (out of memory, lost, an error that sticks to it): finished results can be written, and the process ends.</summary>
/// <param name="device">The device in words.</param>
/// <param name="cause">What it failed with; where that says what to do, so does this.</param>
public sealed class DeviceLostException(string device, Exception cause) : PipelineException(
    "device.lost",
    $"the device {(cause.Message.StartsWith(device, StringComparison.Ordinal) ? "" : $"{device}: ")}{cause.Message}",
    $"finished results are kept; {(cause as PipelineException)?.Hint ?? "start again, and if it fails again check the device, its driver and its memory"}",
    FailureKind.Outside,
    cause);
