using Pipeline.Checkpoints;
using Pipeline.Kernels;

namespace Pipeline.Model;

/// <summary>Routed experts on a device: all of a layer's, or those of a shard.</summary>
public static class RoutedWeights
{
    /// <summary>Loads them; part i is expert i of <paramref name="tensors"/>. Llama 4's scores multiply the experts' input.</summary>
    public static ExpertWeights Load(IDevice device, RoutedTensors tensors) =>
        new(device.Load(tensors.Gate), device.Load(tensors.Up), device.Load(tensors.Down), ScoreOn.Input);

    /// <summary>Gives their memory on the device back; no operation may use them any more.</summary>
    public static void Free(IDevice device, ExpertWeights weights)
    {
        device.Free(weights.Gate);
        device.Free(weights.Up);
        device.Free(weights.Down);
    }
}
