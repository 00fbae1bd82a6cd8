namespace Pipeline.Media;

/// <summary>Time stamps of a stream's packets, as far as they were read: what decodes is known by decoding only.</summary>
/// <param name="Times">
/// Presentation times in ticks, ascending; where a packet has none, its decoding time. Packets that a player skips are left out.
/// </param>
/// <param name="KeyFrames">How many of them start a group of pictures.</param>
/// <param name="Reach">Decoding time in ticks up to which no packet is missing; <c>long.MaxValue</c> at the file's end.</param>
/// <param name="IsStamped">Whether each packet has a presentation time.</param>
/// <param name="IsTrusted">Whether each packet surely gives the frame of its time: stamped, each apart, from a key frame on.</param>
internal sealed record PacketList(long[] Times, int KeyFrames, long Reach, bool IsStamped, bool IsTrusted)
{
    public bool IsComplete => Reach == long.MaxValue;

    /// <summary>Makes the list from ffprobe's packets in file order.</summary>
    public static PacketList From(IReadOnlyList<Packet> packets, bool atEnd)
    {
        var shown = packets.Where(packet => !packet.IsDiscarded).ToList();
        long[] times = [.. shown.Select(packet => packet.Time ?? packet.DecodeTime).OfType<long>().Order()];
        var stamped = shown.TrueForAll(packet => packet.Time is not null);
        var apart = times.Zip(times.Skip(1)).All(pair => pair.First < pair.Second);

        // Frames shown before the first key frame lean on what came before it, and do not decode.
        var fromKeyFrame = packets.Count == 0 || packets[0].IsDiscarded
            || (packets[0].IsKey && times.Length > 0 && times[0] >= packets[0].Time);
        var reach = atEnd ? long.MaxValue : packets.Count == 0 ? long.MinValue : packets[^1].DecodeTime ?? long.MinValue;
        return new PacketList(times, shown.Count(packet => packet.IsKey), reach, stamped, stamped && apart && fromKeyFrame);
    }
}

/// <summary>One packet as ffprobe lists it; times in ticks.</summary>
internal readonly record struct Packet(long? Time, long? DecodeTime, bool IsKey, bool IsDiscarded);
