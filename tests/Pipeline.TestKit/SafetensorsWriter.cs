using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pipeline.Checkpoints;

namespace Pipeline.TestKit;

/// <summary>A tensor to be written: its elements are given as float32 and narrowed to <paramref name="Type"/> (F32, F16 or BF16).</summary>
public sealed record TensorValues(string Name, StoredType Type, int[] Shape, float[] Values);

/// <summary>Writes safetensors files, and the index of sharded ones, as Hugging Face does.</summary>
public static class SafetensorsWriter
{
    public static void Write(string path, IReadOnlyList<TensorValues> tensors)
    {
        var header = new JsonObject { ["__metadata__"] = new JsonObject { ["format"] = "pt" } };
        long offset = 0;
        foreach (var tensor in tensors)
        {
            var end = offset + ((long)tensor.Values.Length * tensor.Type.Size());
            header[tensor.Name] = new JsonObject
            {
                ["dtype"] = tensor.Type.Label(),
                ["shape"] = new JsonArray([.. tensor.Shape.Select(dimension => JsonValue.Create(dimension))]),
                ["data_offsets"] = new JsonArray(offset, end),
            };
            offset = end;
        }

        WriteRaw(path, header.ToJsonString(), [.. tensors.SelectMany(BytesOf)]);
    }

    /// <summary>Writes a header and data as they are given, right or wrong.</summary>
    public static void WriteRaw(string path, string header, byte[] data)
    {
        using var stream = File.Create(path);
        var json = System.Text.Encoding.UTF8.GetBytes(header);
        Span<byte> length = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)json.Length);
        stream.Write(length);
        stream.Write(json);
        stream.Write(data);
    }

    /// <summary>Spreads tensors over shards in turn and writes their index.</summary>
    public static void WriteSharded(string directory, IReadOnlyList<TensorValues> tensors, int shards)
    {
        var map = new JsonObject();
        foreach (var (i, shard) in tensors.Index().GroupBy(pair => pair.Index % shards, pair => pair.Item).Select(group => (group.Key, group.ToArray())))
        {
            var file = $"model-{i + 1:00000}-of-{shards:00000}.safetensors";
            Write(Path.Combine(directory, file), shard);
            foreach (var tensor in shard)
            {
                map[tensor.Name] = file;
            }
        }

        var total = tensors.Sum(tensor => (long)tensor.Values.Length * tensor.Type.Size());
        var index = new JsonObject { ["metadata"] = new JsonObject { ["total_size"] = total }, ["weight_map"] = map };
        File.WriteAllText(Path.Combine(directory, "model.safetensors.index.json"), index.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
    }

    private static byte[] BytesOf(TensorValues tensor)
    {
        var size = tensor.Type.Size();
        var bytes = new byte[tensor.Values.Length * size];
        for (var i = 0; i < tensor.Values.Length; i++)
        {
            var target = bytes.AsSpan(i * size);
            switch (tensor.Type)
            {
                case StoredType.F32:
                    BinaryPrimitives.WriteSingleLittleEndian(target, tensor.Values[i]);
                    break;
                case StoredType.F16:
                    BinaryPrimitives.WriteHalfLittleEndian(target, (Half)tensor.Values[i]);
                    break;
                case StoredType.BF16:
                    BinaryPrimitives.WriteUInt16LittleEndian(target, RoundToBF16(tensor.Values[i]));
                    break;
                default:
                    throw new ArgumentException($"{tensor.Type} is not written.", nameof(tensor));
            }
        }

        return bytes;
    }

    // To nearest, ties to even; the values are finite.
    private static ushort RoundToBF16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
