using System.Buffers.Binary;
using System.Text;

namespace Pipeline.TestKit;

/// <summary>Safetensors files whose header and data are written as they are given, right or wrong.</summary>
public static class RawSafetensors
{
    public static void Write(string path, string header, byte[] data)
    {
        using var stream = File.Create(path);
        var json = Encoding.UTF8.GetBytes(header);
        Span<byte> length = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)json.Length);
        stream.Write(length);
        stream.Write(json);
        stream.Write(data);
    }
}
