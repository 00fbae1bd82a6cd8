using Pipeline.Checkpoints;
using Pipeline.Kernels;

namespace Pipeline.Model;

/// <summary>Buffers of one text pass, for at most <c>rows</c> rows and <c>outputs</c> rows of logits.</summary>
internal sealed class TextScratch
{
    public TextScratch(TextConfig config, int rows, int outputs, bool routedExperts, AllocateBuffer allocate)
    {
        var hidden = config.HiddenSize;
        var queries = config.Heads * config.HeadSize;
        var keys = config.KvHeads * config.HeadSize;
        Hidden = allocate("hidden", rows, hidden);
        Normed = allocate("normed", rows, hidden);
        Query = allocate("query", rows, queries);
        Key = allocate("key", rows, keys);
        Value = allocate("value", rows, keys);
        Attended = allocate("attended", rows, queries);

        // Attention's result is used up before the shared expert writes its own.
        Shared = queries == hidden ? Attended : allocate("shared", rows, hidden);
        if (config.LayerConfigs.Any(layer => !layer.MixtureOfExperts))
        {
            DenseInner = allocate("dense inner", rows, config.IntermediateSizeMlp);
        }

        if (config.LayerConfigs.Any(layer => layer.MixtureOfExperts))
        {
            var assignments = rows * config.ExpertsPerToken;
            SharedInner = allocate("shared inner", rows, config.IntermediateSize);
            ExpertInner = routedExperts ? allocate("expert inner", assignments, config.IntermediateSize) : null;
            ExpertRows = allocate("expert rows", assignments, hidden);
        }

        Logits = allocate("logits", outputs, config.VocabularySize);
    }

    /// <summary>The residual stream [rows, hidden].</summary>
    public DeviceBuffer Hidden { get; }

    /// <summary>[rows, hidden]: input of projections, router and experts; before the first layer, the visual tokens.</summary>
    public DeviceBuffer Normed { get; }

    /// <summary>[rows, heads * head size].</summary>
    public DeviceBuffer Query { get; }

    /// <summary>[rows, KV heads * head size].</summary>
    public DeviceBuffer Key { get; }

    /// <summary>[rows, KV heads * head size].</summary>
    public DeviceBuffer Value { get; }

    /// <summary>[rows, heads * head size].</summary>
    public DeviceBuffer Attended { get; }

    /// <summary>[rows, hidden]: the shared expert's result; after the last layer, the rows whose logits are wanted.</summary>
    public DeviceBuffer Shared { get; }

    /// <summary>[rows, inner of dense layers], where there are dense layers.</summary>
    public DeviceBuffer? DenseInner { get; }

    /// <summary>[rows, inner], where there are experts.</summary>
    public DeviceBuffer? SharedInner { get; }

    /// <summary>[rows * slots, inner], where experts are computed here.</summary>
    public DeviceBuffer? ExpertInner { get; }

    /// <summary>[rows * slots, hidden], where there are experts.</summary>
    public DeviceBuffer? ExpertRows { get; }

    /// <summary>[outputs, vocabulary].</summary>
    public DeviceBuffer Logits { get; }
}
