using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Pipeline.Cluster.Shards;

namespace Pipeline.Cluster.Wire;

/// <summary>Where things lie in the frames of requests and replies about rows of <paramref name="hidden"/> elements.</summary>
internal readonly struct RequestLayout(int hidden)
{
    private static readonly int AssignmentBytes = Unsafe.SizeOf<ExpertAssignment>();

    public int Hidden => hidden;

    /// <summary>Bytes of a request's frame: head, assignments, rows.</summary>
    public long RequestBytes(int rows, int assignments) =>
        FrameHeader.Bytes + ((long)assignments * AssignmentBytes) + ((long)rows * hidden * sizeof(float));

    /// <summary>Bytes of a reply's frame: head, one row an assignment.</summary>
    public long ReplyBytes(int assignments) => FrameHeader.Bytes + ((long)assignments * hidden * sizeof(float));

    public static Span<ExpertAssignment> Assignments(WireBuffer frame, int assignments) =>
        MemoryMarshal.Cast<byte, ExpertAssignment>(frame.Span.Slice(FrameHeader.Bytes, assignments * AssignmentBytes));

    /// <summary>[rows, hidden] of a request.</summary>
    public static Span<float> Input(WireBuffer frame, int assignments) =>
        MemoryMarshal.Cast<byte, float>(frame.Span[(FrameHeader.Bytes + (assignments * AssignmentBytes))..]);

    /// <summary>[assignments, hidden] of a reply.</summary>
    public static Span<float> Output(WireBuffer frame) => MemoryMarshal.Cast<byte, float>(frame.Span[FrameHeader.Bytes..]);
}
