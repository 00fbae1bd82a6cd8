namespace Pipeline.Text;

/// <summary>The ways in which a tokenizer's files can be refused.</summary>
internal static class TokenizerErrors
{
    /// <summary>The file is damaged or contradicts itself.</summary>
    public static PipelineException Invalid(string file, string problem, Exception? inner = null) =>
        new("tokenizer.invalid", $"{file}: {problem}", "Download the file again: it is damaged or was edited.", inner: inner);

    /// <summary>The file asks for something that is not implemented and would change the ids.</summary>
    public static PipelineException Unsupported(string file, string feature) =>
        new("tokenizer.unsupported", $"{file}: {feature} is not supported",
            "Byte-level BPE with the patterns of GPT-2, Llama 3, Llama 4, Qwen 2 and Mistral (Tekken) is.");
}
