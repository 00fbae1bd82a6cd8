using System.Text.Json;

namespace Pipeline.Checkpoints;

/// <summary>Keys of generation_config.json that no reader honours.</summary>
internal static class GenerationKeys
{
    private static readonly Dictionary<string, Func<JsonElement, bool>> Refused = new(StringComparer.Ordinal)
    {
        ["num_beams"] = KeyTable.IsOne,
        ["num_beam_groups"] = KeyTable.IsOne,
        ["num_return_sequences"] = KeyTable.IsOne,
        ["diversity_penalty"] = KeyTable.IsZero,
        ["constraints"] = KeyTable.IsEmpty,
        ["force_words_ids"] = KeyTable.IsEmpty,
        ["penalty_alpha"] = KeyTable.IsZero,
        ["dola_layers"] = KeyTable.Never,
        ["epsilon_cutoff"] = KeyTable.IsZero,
        ["eta_cutoff"] = KeyTable.IsZero,
        ["top_h"] = KeyTable.Never,
        ["encoder_repetition_penalty"] = KeyTable.IsOne,
        ["no_repeat_ngram_size"] = KeyTable.IsZero,
        ["encoder_no_repeat_ngram_size"] = KeyTable.IsZero,
        ["bad_words_ids"] = KeyTable.IsEmpty,
        ["suppress_tokens"] = KeyTable.IsEmpty,
        ["begin_suppress_tokens"] = KeyTable.IsEmpty,
        ["forced_bos_token_id"] = KeyTable.Never,
        ["forced_eos_token_id"] = KeyTable.Never,
        ["forced_decoder_ids"] = KeyTable.IsEmpty,
        ["sequence_bias"] = KeyTable.IsEmpty,
        ["exponential_decay_length_penalty"] = KeyTable.Never,
        ["guidance_scale"] = KeyTable.IsOne,
        ["watermarking_config"] = KeyTable.Never,
        ["min_length"] = KeyTable.IsZero,
        ["min_new_tokens"] = KeyTable.IsZero,
        ["stop_strings"] = KeyTable.IsEmpty,
        ["token_healing"] = KeyTable.IsFalse,
    };

    /// <summary>What has no effect on which tokens are chosen here; transformers' own <c>max_length</c> is not a limit of ours.</summary>
    private static readonly HashSet<string> Harmless = new(StringComparer.Ordinal)
    {
        "_from_model_config", "transformers_version", "bos_token_id", "pad_token_id", "decoder_start_token_id", "max_length", "max_time",
        "early_stopping", "length_penalty", "use_cache", "cache_implementation", "cache_config", "return_legacy_cache", "prefill_chunk_size",
        "remove_invalid_values", "renormalize_logits", "low_memory", "output_attentions", "output_hidden_states", "output_scores",
        "output_logits", "return_dict_in_generate", "is_assistant", "num_assistant_tokens", "num_assistant_tokens_schedule",
        "assistant_confidence_threshold", "prompt_lookup_num_tokens", "max_matching_ngram_size", "assistant_early_exit",
        "assistant_lookbehind", "target_lookbehind", "compile_config", "disable_compile", "trust_remote_code",
    };

    public static KeyTable Table { get; } = new(
        Refused, Harmless, "Remove the key from generation_config.json, or use another checkpoint.");
}
