using System.Text;
using CsCheck;

namespace Pipeline.Text.Tests.Tokenization;

/// <summary>Random text, rich in what tokenizers stumble over; every string is valid Unicode.</summary>
internal static class TestText
{
    private static readonly string[] Fragments =
    [
        " ", "  ", "\n", "\r\n", "\t", "\u00A0", "\u3000", "\u0085", "a", "b", "Z", "The", "the", "'s", "'S", "'Ll", "'re", "'", "'d", "n't",
        "1", "23", "456", "\u0661", "Ⅷ", "½", "\U0001D7D8", "/", "//", "!", "?!", "<|", "|>", "<|eot|>", "<|eo", "=", "_",
        "é", "e\u0301", "\u0301", "\u0903", "ǅ", "ʰ", "ª", "가", "나다", "日本", "かな", "ไทย", "ำ", "مرحبا", "नमस्ते",
        "😀", "👨\u200D👩\u200D👧", "🏳\uFE0F\u200D🌈", "🇰🇷", "𝕳", "𝒶", "𠀀", "𐐀", "𐐨", "\uFEFF", "\uFFFD", "\0", "\u007F", "\u200B",
    ];

    private static readonly string[] Classes =
        ["A", "s", "ǅ", "ʰ", "가", "\u0301", "1", " ", "\u3000", "\n", "\r", "/", "!", "'", "l", "𐐀", "𐐨", "𠀀", "𝟘", "😀"];

    /// <summary>Any code point but surrogates.</summary>
    public static Gen<string> CodePoint { get; } =
        Gen.OneOf(Gen.Int[0, 0x7F], Gen.Int[0, 0xD7FF], Gen.Int[0xE000, 0x10FFFF]).Select(value => new Rune(value).ToString());

    public static Gen<string> Any { get; } =
        Gen.Frequency((4, Gen.Int[0, Fragments.Length - 1].Select(index => Fragments[index])), (1, CodePoint)).Array[0, 24].Select(string.Concat);

    /// <summary>Short texts over one character a class, so that every order of classes comes up.</summary>
    public static Gen<string> Dense { get; } =
        Gen.Int[0, Classes.Length - 1].Select(index => Classes[index]).Array[0, 9].Select(string.Concat);

    /// <summary>Words of few letters: long pre-tokens in which many merges compete.</summary>
    public static Gen<string> Letters { get; } =
        Gen.Int[0, 11].Select(index => "abdefghnort "[index]).Array[0, 40].Select(letters => new string(letters));
}
