namespace Pipeline.Text;

/// <summary>
/// The ordinary and added tokens by id, as bytes, in one array; finds an ordinary token by its bytes.
/// Ids are 0 to <see cref="Count"/> - 1, without holes.
/// </summary>
internal sealed class Vocabulary
{
    private readonly byte[] _bytes;
    private readonly int[] _offsets;
    private readonly int[] _idOfByte = new int[256];
    private readonly HashSet<int>.AlternateLookup<ReadOnlySpan<byte>> _ordinary;

    /// <param name="tokens">The bytes of each id.</param>
    /// <param name="ordinary">The ids that encoding ordinary text may give.</param>
    /// <param name="file">The file they come from, for messages.</param>
    /// <exception cref="PipelineException">Two ordinary ids have the same bytes, or a byte has no token.</exception>
    public Vocabulary(IReadOnlyList<byte[]> tokens, IEnumerable<int> ordinary, string file)
    {
        _offsets = new int[tokens.Count + 1];
        for (var id = 0; id < tokens.Count; id++)
        {
            _offsets[id + 1] = checked(_offsets[id] + tokens[id].Length);
        }

        _bytes = new byte[_offsets[^1]];
        for (var id = 0; id < tokens.Count; id++)
        {
            tokens[id].CopyTo(_bytes, _offsets[id]);
        }

        var ids = new HashSet<int>(new ByBytes(this));
        _ordinary = ids.GetAlternateLookup<ReadOnlySpan<byte>>();
        foreach (var id in ordinary)
        {
            if (!ids.Add(id))
            {
                _ordinary.TryGetValue(BytesOf(id), out var other);
                throw TokenizerErrors.Invalid(file, $"tokens {other} and {id} are the same text");
            }
        }

        for (var value = 0; value < 256; value++)
        {
            if (!TryFind([(byte)value], out _idOfByte[value]))
            {
                throw TokenizerErrors.Invalid(file, $"no token stands for the byte 0x{value:X2}, so not all text can be encoded");
            }
        }
    }

    public int Count => _offsets.Length - 1;

    public ReadOnlySpan<byte> BytesOf(int id) => _bytes.AsSpan(_offsets[id].._offsets[id + 1]);

    public int IdOfByte(byte value) => _idOfByte[value];

    public bool TryFind(ReadOnlySpan<byte> bytes, out int id) => _ordinary.TryGetValue(bytes, out id);

    /// <summary>Lets a set of ids be asked for bytes.</summary>
    private sealed class ByBytes(Vocabulary vocabulary) : IEqualityComparer<int>, IAlternateEqualityComparer<ReadOnlySpan<byte>, int>
    {
        public bool Equals(int x, int y) => vocabulary.BytesOf(x).SequenceEqual(vocabulary.BytesOf(y));

        public int GetHashCode(int obj) => GetHashCode(vocabulary.BytesOf(obj));

        public bool Equals(ReadOnlySpan<byte> alternate, int other) => alternate.SequenceEqual(vocabulary.BytesOf(other));

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = default(HashCode);
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }

        public int Create(ReadOnlySpan<byte> alternate) => throw new NotSupportedException();
    }
}
