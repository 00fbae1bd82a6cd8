namespace Pipeline.Checkpoints;

/// <summary>What a random checkpoint looks like. The defaults make a small model in which every feature matters within 100 tokens.</summary>
public sealed record RandomCheckpointOptions
{
    public int Seed { get; init; } = 1;

    public StoredType Type { get; init; } = StoredType.F32;

    /// <summary>Weight files; above 1 an index is written too.</summary>
    public int Shards { get; init; } = 1;

    /// <summary>Experts as two tensors a layer, else as three Linear weights an expert.</summary>
    public bool FusedExperts { get; init; } = true;

    public bool Tied { get; init; }

    /// <summary><c>Llama4ForCausalLM</c>: text keys on the outer level, names without prefix, no vision encoder.</summary>
    public bool TextOnly { get; init; }

    public bool AttentionBias { get; init; }

    public bool UseQkNorm { get; init; } = true;

    public bool TuneTemperature { get; init; } = true;

    public bool Llama3Rope { get; init; } = true;

    /// <summary>Layer i has experts if (i+1) is a multiple of it; 0 makes every layer dense.</summary>
    public int MoeStep { get; init; } = 1;

    public int TopK { get; init; } = 1;

    public int Experts { get; init; } = 4;

    public int Layers { get; init; } = 4;

    public int HiddenSize { get; init; } = 64;

    public int Heads { get; init; } = 4;

    public int KvHeads { get; init; } = 2;

    public int HeadSize { get; init; } = 16;

    public int IntermediateSize { get; init; } = 48;

    public int IntermediateSizeMlp { get; init; } = 80;

    public int Vocabulary { get; init; } = 160;

    public int ChunkSize { get; init; } = 32;

    public int MaxPositions { get; init; } = 4096;

    public int VisionLayers { get; init; } = 2;

    public int VisionHiddenSize { get; init; } = 32;

    public int VisionHeads { get; init; } = 2;

    public int ImageSize { get; init; } = 56;

    public int PatchSize { get; init; } = 14;

    public int ProjectorSize { get; init; } = 40;

    public int MaxPatches { get; init; } = 4;

    /// <summary>Layers with experts, by index.</summary>
    internal IEnumerable<int> MoeLayers => MoeStep == 0 ? [] : Enumerable.Range(0, Layers).Where(layer => (layer + 1) % MoeStep == 0);
}
