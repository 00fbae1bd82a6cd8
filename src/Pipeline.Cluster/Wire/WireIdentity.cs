using System.Text;

namespace Pipeline.Cluster.Wire;

/// <summary>What two sides must agree on before rows pass between them.</summary>
/// <param name="Node">The node's name, for messages.</param>
/// <param name="Checkpoint">Digest of the checkpoint.</param>
/// <param name="ShardMap">Digest of the shard map.</param>
/// <param name="InstructionPath">What results depend on in their last bits.</param>
/// <param name="Hidden">Elements of a row.</param>
/// <param name="Slots">Experts a row.</param>
/// <param name="FrameBytes">Largest frame.</param>
public sealed record WireIdentity(
    string Node, string Checkpoint, string ShardMap, string InstructionPath, int Hidden, int Slots, long FrameBytes)
{
    /// <summary>Most bytes of a hello's or a refusal's payload.</summary>
    internal const int MaxBytes = 2048;

    private const int MaxText = 256;

    /// <summary>Why rows may not pass between these two; null where they may.</summary>
    /// <param name="other">What the other side says of itself.</param>
    /// <param name="mixedPaths">Whether instruction paths may differ.</param>
    internal string? Refuses(WireIdentity other, bool mixedPaths) =>
        other.Checkpoint != Checkpoint || other.Hidden != Hidden || other.Slots != Slots
            ? $"{other.Node} has another model than {Node}: digest {other.Checkpoint}, not {Checkpoint}"
        : other.ShardMap != ShardMap
            ? $"{other.Node} divides the experts in another way than {Node}: shard map {other.ShardMap}, not {ShardMap}"
        : other.InstructionPath != InstructionPath && !mixedPaths
            ? $"{other.Node} computes with {other.InstructionPath}, {Node} with {InstructionPath}; pipeline.experts.mixed-paths = true would allow both"
        : other.FrameBytes != FrameBytes
            ? $"{other.Node} has pipeline.experts.frame-bytes = {other.FrameBytes}, {Node} has {FrameBytes}"
        : null;

    internal byte[] Encode()
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        foreach (var text in (ReadOnlySpan<string>)[Node, Checkpoint, ShardMap, InstructionPath])
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            if (bytes.Length > MaxText)
            {
                throw new InvalidOperationException($"A name on the data plane has at most {MaxText} bytes: {text}");
            }

            writer.Write((ushort)bytes.Length);
            writer.Write(bytes);
        }

        writer.Write(Hidden);
        writer.Write(Slots);
        writer.Write(FrameBytes);
        writer.Flush();
        return stream.ToArray();
    }

    /// <exception cref="FrameException">The bytes are no identity.</exception>
    internal static WireIdentity Decode(byte[] bytes)
    {
        try
        {
            using var reader = new BinaryReader(new MemoryStream(bytes), Encoding.UTF8);
            var identity = new WireIdentity(
                Text(reader), Text(reader), Text(reader), Text(reader), reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt64());
            return reader.BaseStream.Position == bytes.Length ? identity : throw new FrameException("a hello has bytes left over");
        }
        catch (EndOfStreamException)
        {
            throw new FrameException("a hello is cut off");
        }
    }

    private static string Text(BinaryReader reader)
    {
        var length = reader.ReadUInt16();
        if (length > MaxText)
        {
            throw new FrameException("a hello holds a text that is too long");
        }

        var bytes = reader.ReadBytes(length);
        var text = bytes.Length == length ? Encoding.UTF8.GetString(bytes) : throw new EndOfStreamException();

        // It ends up in messages and logs.
        return text.Any(char.IsControl) ? throw new FrameException("a hello holds control characters") : text;
    }
}
