using Pipeline.Checkpoints;
using Pipeline.Kernels;

namespace Pipeline.Model;

/// <summary>A checkpoint's weights, loaded on one device. The device and the checkpoint outlive it and are their owner's to dispose.</summary>
public sealed class Llama4Model
{
    /// <param name="device">Where the weights are loaded.</param>
    /// <param name="checkpoint">Where they lie.</param>
    /// <param name="routedExperts">False leaves the routed experts' weights alone: they are computed elsewhere.</param>
    public Llama4Model(IDevice device, Checkpoint checkpoint, bool routedExperts = true)
    {
        Device = device;
        Config = checkpoint.Config;
        var tensors = checkpoint.ReadLlama4(routedExperts);
        Text = new TextModel(device, Config.Text, tensors, routedExperts);
        if (Config.Vision is { } vision)
        {
            Vision = new VisionModel(device, vision, Config.Text.HiddenSize, tensors.Vision!, tensors.Projector!);
        }
    }

    public IDevice Device { get; }

    public Llama4Config Config { get; }

    public TextModel Text { get; }

    /// <summary>Null for a checkpoint that reads text only.</summary>
    public VisionModel? Vision { get; }
}
