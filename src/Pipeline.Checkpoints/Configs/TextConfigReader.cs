namespace Pipeline.Checkpoints;

/// <summary>Reads and resolves the decoder's keys; defaults are those of transformers' <c>Llama4TextConfig</c>.</summary>
internal static class TextConfigReader
{
    // Far above every known model, far below what would overflow a product of two.
    internal const int MaxWidth = 1 << 20;
    private const int MaxVocabulary = 1 << 24;
    private const int MaxLayers = 4096;
    private const int MaxHeads = 1 << 14;
    private const int MaxExperts = 1 << 14;

    // Of all layers together: each is listed, so a damaged number must not become gigabytes of lists.
    private const int MaxAllExperts = 1 << 20;

    public static TextConfig Read(JsonSection keys, bool tiedByDefault)
    {
        var activation = keys.Text("hidden_act", "silu");
        if (activation is not ("silu" or "swish"))
        {
            throw keys.Bad("hidden_act", $"is {activation}; only silu is supported", "Use a Llama 4 checkpoint.");
        }

        var vocabulary = keys.Int("vocab_size", 202048, 1, MaxVocabulary);
        var hidden = keys.Int("hidden_size", 5120, 1, MaxWidth);
        var layers = keys.Int("num_hidden_layers", 48, 1, MaxLayers);
        var heads = keys.Int("num_attention_heads", 40, 1, MaxHeads);
        var kvHeads = keys.Int("num_key_value_heads", KvHeadsByDefault(keys, heads), 1, MaxHeads);
        if (heads % kvHeads != 0)
        {
            throw keys.Bad("num_key_value_heads", $"is {kvHeads}, which does not divide the {heads} heads of num_attention_heads");
        }

        var chunk = ChunkSize(keys);
        var layerConfigs = ReadLayers(keys, layers, chunk);
        var hasExperts = layerConfigs.Any(layer => layer.MixtureOfExperts);
        var experts = keys.Int("num_local_experts", 16, hasExperts ? 1 : 0, MaxExperts);
        if ((long)layers * experts > MaxAllExperts)
        {
            throw keys.Bad("num_local_experts", $"is {experts}, too many for {layers} layers: at most {MaxAllExperts} in all");
        }

        var maxPositions = keys.Int("max_position_embeddings", 131072, 1, int.MaxValue);
        return new TextConfig(
            vocabulary,
            hidden,
            layers,
            heads,
            kvHeads,
            ReadHeadSize(keys, hidden, heads),
            keys.Int("intermediate_size", 8192, hasExperts ? 1 : 0, MaxWidth),
            keys.Int("intermediate_size_mlp", 16384, layerConfigs.All(layer => layer.MixtureOfExperts) ? 0 : 1, MaxWidth),
            experts,
            hasExperts ? keys.Int("num_experts_per_tok", 1, 1, experts) : keys.Int("num_experts_per_tok", 1, 0, MaxExperts),
            layerConfigs,
            layerConfigs.Any(layer => layer.Chunked) ? chunk : null,
            keys.Flag("use_qk_norm", fallback: true),
            TuneTemperature(keys),
            keys.Number("floor_scale", 8192, 1, int.MaxValue),
            keys.Number("attn_scale", 0.1, 0, 1e6),
            keys.Number("rms_norm_eps", 1e-5, 0, 1),
            RopeReader.ReadText(keys, maxPositions),
            maxPositions,
            keys.Flag("attention_bias", fallback: false),
            keys.Flag("tie_word_embeddings", tiedByDefault),
            keys.OptionalInt("bos_token_id", 0, vocabulary - 1) ?? DefaultId(1, vocabulary),
            TokenIds.Read(keys, "eos_token_id", vocabulary) ?? (vocabulary > 2 ? [2] : []),
            PadId(keys, vocabulary));
    }

    // An explicit null means "as many as there are query heads"; an absent key, the class default.
    private static int KvHeadsByDefault(JsonSection keys, int heads) => keys.IsNull("num_key_value_heads") ? heads : 8;

    private static int ReadHeadSize(JsonSection keys, int hidden, int heads)
    {
        var fallback = keys.IsNull("head_dim") ? hidden / heads : 128;
        var size = keys.Int("head_dim", fallback, 1, MaxWidth / heads);
        return size % 2 == 0 ? size : throw keys.Bad("head_dim", $"is {size}; rotary positions need an even number");
    }

    private static int? ChunkSize(JsonSection keys) =>
        keys.IsNull("attention_chunk_size") ? null : keys.Int("attention_chunk_size", 8192, 1, int.MaxValue);

    private static TextLayerConfig[] ReadLayers(JsonSection keys, int layers, int? chunk)
    {
        var experts = MoeLayers(keys, layers);
        var rotates = RotatingLayers(keys, layers);
        var chunked = ChunkedLayers(keys, layers);
        return [.. Enumerable.Range(0, layers).Select(i =>
            new TextLayerConfig(experts.Contains(i), rotates[i], chunk is not null && (chunked is null ? rotates[i] : chunked[i])))];
    }

    private static HashSet<int> MoeLayers(JsonSection keys, int layers)
    {
        // Indices beyond the last layer are left over where a model was cut short; the reference passes over them too.
        if (keys.Ints("moe_layers", 0, int.MaxValue) is { } listed)
        {
            keys.Get("interleave_moe_layer_step");
            return [.. listed];
        }

        var step = keys.Int("interleave_moe_layer_step", 1, 1, MaxLayers);
        return [.. Enumerable.Range(0, layers).Where(i => (i + 1) % step == 0)];
    }

    private static bool[] RotatingLayers(JsonSection keys, int layers)
    {
        // 1 means rotary positions, 0 none, whatever the key's name suggests; an empty list means "derive it".
        if (keys.Ints("no_rope_layers", 0, 1) is { Count: > 0 } listed)
        {
            keys.Get("no_rope_layer_interval");
            return listed.Count >= layers
                ? [.. listed.Take(layers).Select(value => value == 1)]
                : throw keys.Bad("no_rope_layers", $"has {listed.Count} entries for {layers} layers");
        }

        var interval = keys.Int("no_rope_layer_interval", 4, 1, int.MaxValue);
        return [.. Enumerable.Range(0, layers).Select(i => (i + 1) % interval != 0)];
    }

    private static bool[]? ChunkedLayers(JsonSection keys, int layers)
    {
        if (keys.Texts("layer_types") is not { } types)
        {
            return null;
        }

        return types.Count == layers
            ? [.. types.Select(type => type switch
            {
                "chunked_attention" => true,
                "full_attention" => false,
                _ => throw keys.Bad("layer_types", $"holds {type}; chunked_attention and full_attention are supported", "Use a Llama 4 checkpoint."),
            })]
            : throw keys.Bad("layer_types", $"has {types.Count} entries for {layers} layers");
    }

    // transformers 4.51 wrote the integer 4, by mistake; any number but zero means yes.
    private static bool TuneTemperature(JsonSection keys) =>
        keys.Get("attn_temperature_tuning")?.ValueKind == System.Text.Json.JsonValueKind.Number
            ? keys.Number("attn_temperature_tuning", 1, int.MinValue, int.MaxValue) != 0
            : keys.Flag("attn_temperature_tuning", fallback: true);

    private static int? DefaultId(int id, int vocabulary) => id < vocabulary ? id : null;

    // -1 is how Llama checkpoints say "no padding token".
    private static int? PadId(JsonSection keys, int vocabulary) =>
        keys.OptionalInt("pad_token_id", -1, vocabulary - 1) is { } id && id >= 0 ? id : null;
}
