using CsCheck;

namespace Pipeline.Text.Tests.Tokenization;

public class MarkedTextTests
{
    private static readonly Gen<(string Text, bool Trusted)[]> Pieces =
        Gen.Select(Gen.String[Gen.Char['a', 'c'], 0, 4], Gen.Bool).Array[0, 8];

    [Fact]
    public void Marks_and_text_are_those_of_the_pieces() => Pieces.Sample(pieces =>
    {
        var text = Build(pieces);
        var marks = Marks(pieces);
        Assert.Equal(string.Concat(pieces.Select(piece => piece.Text)), text.Text);
        Assert.Equal(marks, Enumerable.Range(0, text.Length).Select(text.IsTrusted));
        Assert.Equal(marks, text.Runs().SelectMany(run => Enumerable.Repeat(run.Trusted, run.Length)));
    });

    [Fact]
    public void A_slice_has_the_marks_of_its_range() =>
        Gen.Select(Pieces, Gen.Int[0, 40], Gen.Int[0, 40]).Sample((pieces, a, b) =>
        {
            var text = Build(pieces);
            var start = Math.Min(a, text.Length);
            var length = Math.Min(b, text.Length - start);
            var marks = Marks(pieces)[start..(start + length)];
            var slice = text.Slice(start, length);
            Assert.Equal(text.Text.Substring(start, length), slice.Text);
            Assert.Equal(marks, Enumerable.Range(0, slice.Length).Select(slice.IsTrusted));
            Assert.Equal(marks.All(mark => mark), text.IsAllTrusted(start, length));
            Assert.Equal(text, text.Slice(0, start) + slice + text.Slice(start + length, text.Length - start - length));
        });

    [Fact]
    public void Texts_are_equal_only_with_equal_marks()
    {
        Assert.Equal(MarkedText.Trusted("ab"), MarkedText.Trusted("a") + MarkedText.Trusted("b"));
        Assert.Equal(MarkedText.Plain("").GetHashCode(), MarkedText.Trusted("").GetHashCode());
        Assert.NotEqual(MarkedText.Trusted("ab"), MarkedText.Plain("ab"));
        Assert.NotEqual(MarkedText.Trusted("a") + MarkedText.Plain("b"), MarkedText.Plain("a") + MarkedText.Trusted("b"));
    }

    private static MarkedText Build((string Text, bool Trusted)[] pieces)
    {
        var builder = new MarkedTextBuilder();
        foreach (var (text, trusted) in pieces)
        {
            builder.Append(text, trusted);
        }

        return builder.ToMarkedText();
    }

    private static bool[] Marks((string Text, bool Trusted)[] pieces) =>
        [.. pieces.SelectMany(piece => Enumerable.Repeat(piece.Trusted, piece.Text.Length))];
}
