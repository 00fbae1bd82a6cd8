namespace Pipeline.Text.Tests.Tokenization;

/// <summary>The tokenizers that the tests share; loading Llama 4's takes a second.</summary>
internal static class Tokenizers
{
    public const string Llama4File = "reference/tokenizer/tokenizer.model";

    private static readonly Lazy<Tokenizer> LazyTiny = new(() => Tokenizer.Load(Path.Combine(SharedData.Root, "models", "tiny-scout")));
    private static readonly Lazy<Tokenizer> LazyLlama4 = new(() => Tokenizer.Load(SharedData.PathOf("reference/tokenizer")));

    public static Tokenizer Tiny => LazyTiny.Value;

    public static Tokenizer Llama4 => LazyLlama4.Value;
}
