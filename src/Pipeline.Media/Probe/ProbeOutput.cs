using System.Globalization;
using System.Text;

namespace Pipeline.Media;

/// <summary>
/// Collects ffprobe's output in its compact form: a line a section, <c>name|key=value|...</c>, with backslash escapes.
/// Only lines that were asked for with <c>-show_entries</c> come, so a hostile file's metadata never does.
/// </summary>
internal sealed class ProbeOutput
{
    private readonly Dictionary<int, List<Packet>> _packets = [];

    public List<VideoStream> Streams { get; } = [];

    public string FormatName { get; private set; } = "";

    public int StreamCount { get; private set; }

    public double DurationSeconds { get; private set; }

    public int PacketCount { get; private set; }

    public IReadOnlyList<Packet> PacketsOf(int stream) => _packets.GetValueOrDefault(stream, []);

    public void Add(string line)
    {
        var fields = Split(line);
        switch (fields.Section)
        {
            case "packet":
                AddPacket(fields);
                break;
            case "stream":
                Streams.Add(ReadStream(fields));
                break;
            case "format":
                FormatName = fields.Text("format_name");
                StreamCount = (int)(fields.Number("nb_streams") ?? 0);
                DurationSeconds = fields.Seconds("duration");
                break;
        }
    }

    private void AddPacket(Fields fields)
    {
        PacketCount++;
        var index = (int)(fields.Number("stream_index") ?? 0);
        if (!_packets.TryGetValue(index, out var list))
        {
            _packets.Add(index, list = []);
        }

        var flags = fields.Text("flags");
        list.Add(new Packet(
            fields.Number("pts"), fields.Number("dts"), flags.Contains('K', StringComparison.Ordinal),
            flags.Contains('D', StringComparison.Ordinal)));
    }

    private static VideoStream ReadStream(Fields fields) => new(
        (int)(fields.Number("index") ?? 0),
        fields.Text("codec_name"),
        fields.Text("codec_tag_string"),
        (int)(fields.Number("width") ?? 0),
        (int)(fields.Number("height") ?? 0),
        fields.Text("pix_fmt"),
        Fraction.Parse(fields.Text("sample_aspect_ratio")),
        new ColourTags(
            fields.Text("color_space"), fields.Text("color_transfer"), fields.Text("color_primaries"), fields.Text("color_range")),
        fields.Text("field_order"),
        Fraction.Parse(fields.Text("time_base")),
        Fraction.Parse(fields.Text("avg_frame_rate")),
        fields.Number("start_pts") ?? 0,
        fields.Number("duration_ts") ?? 0,
        fields.Number("nb_frames") ?? 0,
        fields.Number("disposition:default") == 1,
        fields.Number("tag:alpha_mode") == 1,
        fields.Find("displaymatrix"));

    /// <summary>Splits <paramref name="line"/> at bars that no backslash escapes.</summary>
    public static Fields Split(string line)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        var section = "";
        var word = new StringBuilder();
        for (var at = 0; at <= line.Length; at++)
        {
            if (at == line.Length || line[at] == '|')
            {
                AddWord(word.ToString());
                word.Clear();
            }
            else if (line[at] == '\\' && at + 1 < line.Length)
            {
                word.Append(line[++at] == 'n' ? '\n' : line[at]);
            }
            else
            {
                word.Append(line[at]);
            }
        }

        return new Fields(section, values);

        void AddWord(string text)
        {
            if (section.Length == 0)
            {
                section = text;
            }
            else if (text.IndexOf('=', StringComparison.Ordinal) is var equals and >= 0)
            {
                // The first of a name counts: side data that repeats a stream's key must not replace it.
                values.TryAdd(text[..equals], text[(equals + 1)..]);
            }
        }
    }

    /// <summary>One line's section and its values by key.</summary>
    public readonly record struct Fields(string Section, IReadOnlyDictionary<string, string> Values)
    {
        public string? Find(string key) => Values.GetValueOrDefault(key);

        public string Text(string key) => Find(key) ?? "";

        public long? Number(string key) =>
            long.TryParse(Find(key), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

        public double Seconds(string key) =>
            double.TryParse(Find(key), NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) ? seconds : 0;
    }
}
