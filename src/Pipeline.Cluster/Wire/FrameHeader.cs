using System.Buffers.Binary;

namespace Pipeline.Cluster.Wire;

/// <summary>What a frame is.</summary>
internal enum FrameKind : byte
{
    /// <summary>Who is speaking: the first frame of both sides. Its payload is a <see cref="WireIdentity"/>.</summary>
    Hello = 1,

    /// <summary>Instead of a hello, before closing: why the other side is not served, as UTF-8.</summary>
    Refusal,

    /// <summary>Rows for experts: the assignments, then the rows.</summary>
    Request,

    /// <summary>One row an assignment, or none where the outcome is not <see cref="Shards.ExpertOutcome.Done"/>.</summary>
    Reply,

    /// <summary>Asks whether the process behind the connection is alive, however busy its device is.</summary>
    Ping,

    Pong,

    /// <summary>Nobody waits for a request any more: what of it was not begun need not be.</summary>
    Cancel,
}

/// <summary>The fixed head of every frame, little-endian. What follows it is raw: float32 rows, blittable assignments.</summary>
/// <param name="Kind">What follows.</param>
/// <param name="Detail">Of a request 1 where it is urgent; of a reply its <see cref="Shards.ExpertOutcome"/>; otherwise 0.</param>
/// <param name="Id">Names a request, its replies and its cancelling; an engine never uses one twice.</param>
/// <param name="Layer">Decoder layer of a request.</param>
/// <param name="Shard">Expert shard of a request.</param>
/// <param name="Rows">Rows of a request.</param>
/// <param name="Assignments">(row, expert) pairs of a request, or rows of a reply.</param>
/// <param name="Payload">Bytes that follow the head.</param>
/// <param name="Queued">Of a reply: nanoseconds that the request waited at the node.</param>
/// <param name="Computed">Of a reply: nanoseconds that the batch took which the request was part of.</param>
internal readonly record struct FrameHeader(
    FrameKind Kind,
    byte Detail = 0,
    long Id = 0,
    int Layer = 0,
    int Shard = 0,
    int Rows = 0,
    int Assignments = 0,
    int Payload = 0,
    long Queued = 0,
    long Computed = 0)
{
    public const int Bytes = 56;
    public const int Version = 2;

    private const uint Magic = 0x57524550;
    private const int Float32 = 0;

    public void Write(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(target, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(target[4..], Version);
        target[6] = (byte)Kind;
        target[7] = Detail;
        BinaryPrimitives.WriteInt64LittleEndian(target[8..], Id);
        BinaryPrimitives.WriteInt32LittleEndian(target[16..], Layer);
        BinaryPrimitives.WriteInt32LittleEndian(target[20..], Shard);
        BinaryPrimitives.WriteInt32LittleEndian(target[24..], Rows);
        BinaryPrimitives.WriteInt32LittleEndian(target[28..], Assignments);
        BinaryPrimitives.WriteInt32LittleEndian(target[32..], Payload);
        BinaryPrimitives.WriteInt32LittleEndian(target[36..], Float32);
        BinaryPrimitives.WriteInt64LittleEndian(target[40..], Queued);
        BinaryPrimitives.WriteInt64LittleEndian(target[48..], Computed);
    }

    /// <summary>Reads a head that anybody may have sent: nothing in it is trusted beyond what is checked here.</summary>
    /// <exception cref="FrameException">It is none of ours, or says the impossible.</exception>
    public static FrameHeader Read(ReadOnlySpan<byte> source)
    {
        if (BinaryPrimitives.ReadUInt32LittleEndian(source) != Magic)
        {
            throw new FrameException("the other side does not speak the expert protocol");
        }

        if (BinaryPrimitives.ReadUInt16LittleEndian(source[4..]) is var version && version != Version)
        {
            throw new FrameException($"the other side speaks version {version} of the expert protocol, this one speaks {Version}");
        }

        var header = new FrameHeader(
            (FrameKind)source[6],
            source[7],
            BinaryPrimitives.ReadInt64LittleEndian(source[8..]),
            BinaryPrimitives.ReadInt32LittleEndian(source[16..]),
            BinaryPrimitives.ReadInt32LittleEndian(source[20..]),
            BinaryPrimitives.ReadInt32LittleEndian(source[24..]),
            BinaryPrimitives.ReadInt32LittleEndian(source[28..]),
            BinaryPrimitives.ReadInt32LittleEndian(source[32..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[40..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[48..]));
        var format = BinaryPrimitives.ReadInt32LittleEndian(source[36..]);
        return format == Float32 && header.Kind is >= FrameKind.Hello and <= FrameKind.Cancel
            && (header.Layer | header.Shard | header.Rows | header.Assignments | header.Payload) >= 0
            && (header.Queued | header.Computed) >= 0
            ? header
            : throw new FrameException("a frame's head says the impossible");
    }
}
