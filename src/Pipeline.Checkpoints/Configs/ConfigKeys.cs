using System.Text.Json;

namespace Pipeline.Checkpoints;

/// <summary>Keys of config.json, on any of its levels, that no reader honours.</summary>
internal static class ConfigKeys
{
    private static readonly Dictionary<string, Func<JsonElement, bool>> Refused = new(StringComparer.Ordinal)
    {
        ["sparsity_config"] = KeyTable.Never,
        ["sliding_window"] = KeyTable.Never,
        ["sliding_window_pattern"] = KeyTable.Never,
        ["use_sliding_window"] = KeyTable.IsFalse,
        ["max_window_layers"] = KeyTable.Never,
        ["attn_logit_softcapping"] = KeyTable.Never,
        ["final_logit_softcapping"] = KeyTable.Never,
        ["router_logit_softcapping"] = KeyTable.Never,
        ["query_pre_attn_scalar"] = KeyTable.Never,
        ["attention_multiplier"] = KeyTable.IsOne,
        ["embedding_multiplier"] = KeyTable.IsOne,
        ["residual_multiplier"] = KeyTable.IsOne,
        ["logits_scaling"] = KeyTable.IsOne,
        ["logit_scale"] = KeyTable.IsOne,
        ["partial_rotary_factor"] = KeyTable.IsOne,
        ["rotary_pct"] = KeyTable.IsOne,
        ["mlp_bias"] = KeyTable.IsFalse,
        ["multi_modal_projector_bias"] = KeyTable.IsFalse,
        ["use_bidirectional_attention"] = KeyTable.IsFalse,
        ["is_encoder_decoder"] = KeyTable.IsFalse,
        ["add_cross_attention"] = KeyTable.IsFalse,
        ["norm_topk_prob"] = KeyTable.IsFalse,
        ["routed_scaling_factor"] = KeyTable.IsOne,
        ["scoring_func"] = value => value.ValueKind == JsonValueKind.String && value.ValueEquals("sigmoid"),
        ["n_group"] = KeyTable.IsOne,
        ["topk_group"] = KeyTable.IsOne,
        ["n_shared_experts"] = KeyTable.IsOne,
        ["num_shared_experts"] = KeyTable.IsOne,
        ["first_k_dense_replace"] = KeyTable.IsZero,
        ["num_nextn_predict_layers"] = KeyTable.IsZero,
        ["pruned_heads"] = KeyTable.IsEmpty,
        ["adapter_config"] = KeyTable.Never,
        ["auto_map"] = KeyTable.Never,
    };

    /// <summary>What transformers writes or reads without effect on what Llama 4 computes at inference.</summary>
    private static readonly HashSet<string> Harmless = new(StringComparer.Ordinal)
    {
        // Training.
        "attention_dropout", "projector_dropout", "router_aux_loss_coef", "router_jitter_noise", "output_router_logits", "initializer_range",
        "problem_type", "finetuning_task", "label2id", "id2label", "num_labels", "gradient_checkpointing",

        // How to run, not what: types of storage decide themselves, and attention is computed in one way.
        "torch_dtype", "dtype", "use_cache", "cache_implementation", "attn_implementation", "_attn_implementation", "_attn_implementation_autoset",
        "attn_implementation_internal", "_attn_implementation_internal", "experts_implementation", "_experts_implementation", "pretraining_tp",
        "chunk_size_feed_forward", "torchscript", "use_bfloat16", "tf_legacy_loss", "return_dict", "return_dict_in_generate", "output_attentions",
        "output_hidden_states", "output_scores", "low_cpu_mem_usage", "base_model_tp_plan", "base_model_pp_plan", "is_decoder",
        "cross_attention_hidden_size", "tie_encoder_decoder", "remove_invalid_values",

        // Names and provenance.
        "_name_or_path", "name_or_path", "transformers_version", "architectures", "model_type", "base_config_key", "_commit_hash", "tokenizer_class",
        "prefix", "task_specific_params", "unsloth_version", "unsloth_fixed", "for_llm_compressor", "sep_token_id", "decoder_start_token_id",

        // Copies on the outer level; the decoder's own keys count.
        "bos_token_id", "eos_token_id", "pad_token_id",

        // Vision keys that the reference implementation never reads: it always takes exact GELU and LayerNorm's own epsilon, and drops the class token.
        "hidden_act", "norm_eps", "vision_feature_select_strategy", "vision_feature_layer",
    };

    private static readonly KeyTable Table = new(Refused, Harmless, "Use a checkpoint of Llama 4's own architecture.");

    public static void Check(JsonSection section, List<string> unknown)
    {
        RefuseQuantization(section, "quantization_config");
        RefuseQuantization(section, "compression_config");
        Table.Check(section, unknown);
    }

    private static void RefuseQuantization(JsonSection section, string key)
    {
        if (section.Get(key) is { } value)
        {
            var method = value.ValueKind == JsonValueKind.Object && value.TryGetProperty("quant_method", out var name) ? $" ({JsonSection.Short(name)})" : "";
            throw section.Bad(key, $"is there{method}: quantized weights are not supported", "Use the checkpoint in BF16, F16 or F32.");
        }
    }
}
