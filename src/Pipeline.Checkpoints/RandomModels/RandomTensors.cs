namespace Pipeline.Checkpoints;

/// <summary>The tensors of a random checkpoint. Each has its own stream of randomness, so that layouts of the same model hold the same numbers.</summary>
internal sealed class RandomTensors(RandomCheckpointOptions options)
{
    private readonly List<TensorValues> _tensors = [];

    public IReadOnlyList<TensorValues> All()
    {
        Text(options.TextOnly ? "" : "language_model.");
        if (!options.TextOnly)
        {
            Vision();
        }

        return _tensors;
    }

    private void Text(string prefix)
    {
        var (hidden, query, key) = (options.HiddenSize, options.Heads * options.HeadSize, options.KvHeads * options.HeadSize);
        Matrix($"{prefix}model.embed_tokens.weight", options.Vocabulary, hidden, scale: 1);
        var moe = options.MoeLayers.ToHashSet();
        for (var i = 0; i < options.Layers; i++)
        {
            var layer = $"{prefix}model.layers.{i}.";
            Norm($"{layer}input_layernorm.weight", hidden);
            Norm($"{layer}post_attention_layernorm.weight", hidden);
            Linear($"{layer}self_attn.q_proj", query, hidden, options.AttentionBias);
            Linear($"{layer}self_attn.k_proj", key, hidden, options.AttentionBias);
            Linear($"{layer}self_attn.v_proj", key, hidden, options.AttentionBias);
            Linear($"{layer}self_attn.o_proj", hidden, query, options.AttentionBias);
            if (moe.Contains(i))
            {
                Matrix($"{layer}feed_forward.router.weight", options.Experts, hidden);
                Experts($"{layer}feed_forward.experts.");
                FeedForward($"{layer}feed_forward.shared_expert.", options.IntermediateSize);
            }
            else
            {
                FeedForward($"{layer}feed_forward.", options.IntermediateSizeMlp);
            }
        }

        Norm($"{prefix}model.norm.weight", hidden);
        if (!options.Tied)
        {
            Matrix($"{prefix}lm_head.weight", options.Vocabulary, hidden);
        }
    }

    private void FeedForward(string prefix, int inner)
    {
        Matrix($"{prefix}gate_proj.weight", inner, options.HiddenSize);
        Matrix($"{prefix}up_proj.weight", inner, options.HiddenSize);
        Matrix($"{prefix}down_proj.weight", options.HiddenSize, inner);
    }

    private void Experts(string prefix)
    {
        var (hidden, inner) = (options.HiddenSize, options.IntermediateSize);
        if (!options.FusedExperts)
        {
            for (var i = 0; i < options.Experts; i++)
            {
                FeedForward($"{prefix}{i}.", inner);
            }

            return;
        }

        RandomNumbers[] Each(string projection, int inputs) =>
            [.. Enumerable.Range(0, options.Experts).Select(i => Uniform($"{prefix}{i}.{projection}.weight", around: 0, LinearScale(inputs)))];

        Fused($"{prefix}gate_up_proj", hidden, [Each("gate_proj", hidden), Each("up_proj", hidden)], inner);
        Fused($"{prefix}down_proj", inner, [Each("down_proj", inner)], hidden);
    }

    /// <summary>[experts, inputs, matrices * outputs]: matrices [outputs, inputs] transposed, side by side.</summary>
    private void Fused(string name, int inputs, RandomNumbers[][] matrices, int outputs)
    {
        var columns = matrices.Length * outputs;
        _tensors.Add(new TensorValues(name, options.Type, [options.Experts, inputs, columns], (first, values) =>
        {
            var (row, column) = Math.DivRem(first, columns);
            for (var i = 0; i < values.Length; i++)
            {
                var (expert, input) = Math.DivRem((int)row, inputs);
                var (matrix, output) = Math.DivRem((int)column, outputs);
                values[i] = matrices[matrix][expert][((long)output * inputs) + input];
                if (++column == columns)
                {
                    (row, column) = (row + 1, 0);
                }
            }
        }));
    }

    private void Vision()
    {
        const string prefix = "vision_model.";
        var (width, grid, projector) = (options.VisionHiddenSize, options.ImageSize / options.PatchSize, options.ProjectorSize);
        Matrix($"{prefix}patch_embedding.linear.weight", width, 3 * options.PatchSize * options.PatchSize);
        Vector($"{prefix}class_embedding", width, around: 0, scale: 0.3f);
        Matrix($"{prefix}positional_embedding_vlm", (grid * grid) + 1, width, scale: 0.3f);
        foreach (var norm in new[] { "layernorm_pre", "layernorm_post" })
        {
            LayerNorm($"{prefix}{norm}", width);
        }

        for (var i = 0; i < options.VisionLayers; i++)
        {
            var layer = $"{prefix}model.layers.{i}.";
            LayerNorm($"{layer}input_layernorm", width);
            LayerNorm($"{layer}post_attention_layernorm", width);
            foreach (var projection in "qkvo")
            {
                Linear($"{layer}self_attn.{projection}_proj", width, width, bias: true);
            }

            Linear($"{layer}mlp.fc1", 4 * width, width, bias: true);
            Linear($"{layer}mlp.fc2", width, 4 * width, bias: true);
        }

        Matrix($"{prefix}vision_adapter.mlp.fc1.weight", projector, 4 * width);
        Matrix($"{prefix}vision_adapter.mlp.fc2.weight", projector, projector);
        Matrix("multi_modal_projector.linear_1.weight", options.HiddenSize, projector);
    }

    private void Linear(string prefix, int outputs, int inputs, bool bias)
    {
        Matrix($"{prefix}.weight", outputs, inputs);
        if (bias)
        {
            Vector($"{prefix}.bias", outputs, around: 0, scale: 0.1f);
        }
    }

    private void LayerNorm(string prefix, int length)
    {
        Norm($"{prefix}.weight", length);
        Vector($"{prefix}.bias", length, around: 0, scale: 0.1f);
    }

    private void Norm(string name, int length) => Vector(name, length, around: 1, scale: 0.2f);

    private void Vector(string name, int length, float around, float scale) =>
        _tensors.Add(new TensorValues(name, options.Type, [length], Uniform(name, around, scale).Fill));

    private void Matrix(string name, int outputs, int inputs, float? scale = null) =>
        _tensors.Add(new TensorValues(name, options.Type, [outputs, inputs], Uniform(name, around: 0, scale ?? LinearScale(inputs)).Fill));

    // Uniform in +-sqrt(3 / inputs) has variance 1 / inputs: rows keep their size through a product.
    private static float LinearScale(int inputs) => MathF.Sqrt(3f / inputs);

    private RandomNumbers Uniform(string name, float around, float scale)
    {
        // The prefix is left out: a text-only model has the numbers of the multimodal one.
        var key = name.StartsWith("language_model.", StringComparison.Ordinal) ? name["language_model.".Length..] : name;
        return new RandomNumbers(RandomNumbers.Key(options.Seed, key), around, scale);
    }
}
