using System.Text;

namespace Pipeline.Text;

/// <summary>
/// The byte-level alphabet of GPT-2: each byte has a printable character, so that a vocabulary can be written as text.
/// Printable Latin-1 characters stand for themselves; the other 68 bytes take U+0100 and onwards, in order.
/// </summary>
internal static class ByteLevelAlphabet
{
    private static readonly char[] CharOfByte = MakeAlphabet();
    private static readonly Dictionary<char, byte> ByteOfChar =
        CharOfByte.Select((character, value) => (character, value)).ToDictionary(pair => pair.character, pair => (byte)pair.value);

    public static char ToChar(byte value) => CharOfByte[value];

    /// <summary>
    /// The bytes that a vocabulary entry stands for. An entry with a character outside the alphabet (an added token that
    /// was put into the vocabulary) stands for its own UTF-8, as in the reference.
    /// </summary>
    public static byte[] ToBytes(string entry)
    {
        var bytes = new byte[entry.Length];
        for (var i = 0; i < entry.Length; i++)
        {
            if (!ByteOfChar.TryGetValue(entry[i], out bytes[i]))
            {
                return Encoding.UTF8.GetBytes(entry);
            }
        }

        return bytes;
    }

    private static char[] MakeAlphabet()
    {
        var alphabet = new char[256];
        var next = '\u0100';
        for (var value = 0; value < 256; value++)
        {
            var printable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            alphabet[value] = printable ? (char)value : next++;
        }

        return alphabet;
    }
}
