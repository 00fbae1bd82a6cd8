using System.Text;
using CsCheck;

namespace Pipeline.Text.Tests.Tokenization;

public class SplitPatternTests
{
    public static TheoryData<string> Patterns { get; } = [.. SplitPattern.Known.Select(pattern => pattern.Text)];

    [Theory]
    [MemberData(nameof(Patterns))]
    public void Pieces_are_those_of_a_regular_expression_engine(string pattern)
    {
        var split = SplitPattern.Known.Single(known => known.Text == pattern);
        var oracle = new RegexOracle(split);
        TestText.Any.Sample(text => Assert.Equal(oracle.Split(text), Split(split, text)), iter: 3_000);
        TestText.CodePoint.Array[0, 8].Select(string.Concat).Sample(text => Assert.Equal(oracle.Split(text), Split(split, text)), iter: 3_000);
        TestText.Dense.Sample(text => Assert.Equal(oracle.Split(text), Split(split, text)), iter: 10_000);
    }

    [Theory]
    [InlineData("don't DON'T", new[] { "don't", " DON'T" })]
    [InlineData("we'ſx", new[] { "we'ſ", "x" })]
    [InlineData("𝕳𝖊𝖑𝖑𝖔 𝒲", new[] { "𝕳𝖊𝖑𝖑𝖔", " 𝒲" })]
    [InlineData("𝟘𝟙𝟚𝟛", new[] { "𝟘𝟙𝟚", "𝟛" })]
    [InlineData("𐐨𐐀𐐨", new[] { "𐐨", "𐐀𐐨" })]
    [InlineData("😀😀a 😀a", new[] { "😀😀", "a", " 😀", "a" })]
    [InlineData("가ABC", new[] { "가", "ABC" })]
    [InlineData("a  b", new[] { "a", " ", " b" })]
    [InlineData(" \n \n  x", new[] { " \n \n", " ", " x" })]
    [InlineData("!?\r\n/x", new[] { "!?\r\n/", "x" })]
    [InlineData("x  ", new[] { "x", "  " })]
    public void O200k_cuts_where_the_reference_does(string text, string[] pieces) => Assert.Equal(pieces, Split(SplitPattern.O200k, text));

    private static List<string> Split(SplitPattern pattern, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var pieces = new List<string>();
        for (var start = 0; start < bytes.Length;)
        {
            var end = pattern.EndOfPiece(bytes, start);
            pieces.Add(Encoding.UTF8.GetString(bytes.AsSpan(start..end)));
            start = end;
        }

        return pieces;
    }
}
