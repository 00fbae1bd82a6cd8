namespace Pipeline.Media;

/// <summary>Time stamps of a stream's packets, as far as they were read: what decodes is known by decoding only.</summary>
/// <param name="Times">Presentation times in ticks, ascending; those that a player skips are left out.</param>
/// <param name="KeyFrames">How many of them start a group of pictures.</param>
/// <param name="Reach">Decoding time in ticks up to which no packet is missing; <c>long.MaxValue</c> at the file's end.</param>
/// <param name="IsTrusted">Whether each packet surely gives the frame of its time: stamped, in order, from a key frame on.</param>
internal sealed record PacketList(long[] Times, int KeyFrames, long Reach, bool IsTrusted)
{
    public bool IsComplete => Reach == long.MaxValue;

    /// <summary>Makes the list from ffprobe's packets in file order.</summary>
    public static PacketList From(IReadOnlyList<Packet> packets, bool atEnd)
    {
        var shown = packets.Where(packet => !packet.IsDiscarded).ToList();
        var times = shown.Where(packet => packet.Time is not null).Select(packet => packet.Time!.Value).Order().ToArray();
        var trusted = times.Length == shown.Count
            && (packets.Count == 0 || (packets[0].IsKey && (times.Length == 0 || shown[0].Time is not { } first || times[0] >= first || packets[0].IsDiscarded)))
            && times.Zip(times.Skip(1)).All(pair => pair.First < pair.Second);
        var reach = atEnd ? long.MaxValue : packets.Count == 0 ? long.MinValue : packets[^1].DecodeTime ?? long.MinValue;
        return new PacketList(times, shown.Count(packet => packet.IsKey), reach, trusted);
    }
}

/// <summary>One packet as ffprobe lists it; times in ticks.</summary>
internal readonly record struct Packet(long? Time, long? DecodeTime, bool IsKey, bool IsDiscarded);
