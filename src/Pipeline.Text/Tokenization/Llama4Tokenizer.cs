namespace Pipeline.Text;

/// <summary>
/// Llama 4's tokenizer.model has no special tokens of its own: they are the 2,048 ids after the ranks, named by Meta's
/// rule (llama-models, llama4/tokenizer.py).
/// </summary>
internal static class Llama4Tokenizer
{
    private const int Ranks = 200_000;
    private const int Specials = 2_048;

    public static TokenizerDefinition Read(string path)
    {
        var tokens = TiktokenFile.ReadRanks(path);
        var merges = TiktokenFile.MakeMerges(path, tokens);
        if (tokens.Count != Ranks)
        {
            throw TokenizerErrors.Unsupported(path, $"a tokenizer.model of {tokens.Count} tokens (Llama 4's has {Ranks})");
        }

        return new(
            path,
            tokens.Index().ToDictionary(token => token.Index, token => token.Item),
            [.. Names().Select((name, index) => new AddedToken(Ranks + index, name, Special: true))],
            merges,
            SplitPattern.O200k,
            TakeWholeTokens: true,
            Bos: "<|begin_of_text|>",
            Names: new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["bos_token"] = "<|begin_of_text|>",
                ["eos_token"] = "<|end_of_text|>",
                ["pad_token"] = "<|finetune_right_pad|>",
            });
    }

    public static IReadOnlyList<string> Names()
    {
        string[] named =
        [
            "<|begin_of_text|>", "<|end_of_text|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>",
            "<|header_start|>", "<|header_end|>", "<|eom|>", "<|eot|>", "<|step|>",
            .. Reserved("text_post_train_", 0, 6), "<|python_start|>", "<|python_end|>", "<|finetune_right_pad|>",
            .. Reserved("text_post_train_", 8, 61),
            "<|image_start|>", "<|image_end|>", .. Reserved("vision_", 0, 2), "<|tile_x_separator|>", "<|tile_y_separator|>",
            .. Reserved("vision_", 2, 4), "<|image|>", .. Reserved("vision_", 6, 1), "<|patch|>", .. Reserved("vision_", 7, 1_041),
            .. Reserved("reasoning_", 0, 8), "<|reasoning_thinking_start|>", "<|reasoning_thinking_end|>",
        ];
        return [.. named, .. Reserved("", 0, Specials - named.Length)];
    }

    private static IEnumerable<string> Reserved(string use, int first, int count) =>
        Enumerable.Range(first, count).Select(index => $"<|{use}reserved_special_token_{index}|>");
}
