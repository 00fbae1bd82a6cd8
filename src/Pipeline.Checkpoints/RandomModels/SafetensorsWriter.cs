using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pipeline.Checkpoints;

/// <summary>Writes safetensors files, and the index of sharded ones, as Hugging Face does; holds one piece of one tensor at a time.</summary>
public static class SafetensorsWriter
{
    private const int PieceElements = 1 << 18;

    // Data begins aligned for every element type: readers map the file.
    private const int Alignment = 64;

    /// <summary>One file, or shards that take the tensors in turn and their index.</summary>
    public static void Write(string directory, IReadOnlyList<TensorValues> tensors, int shards, CancellationToken cancellation = default)
    {
        if (shards == 1)
        {
            Write(Path.Combine(directory, "model.safetensors"), tensors, cancellation);
            return;
        }

        var map = new JsonObject();
        foreach (var (i, shard) in tensors.Index().GroupBy(pair => pair.Index % shards, pair => pair.Item).Select(group => (group.Key, group.ToArray())))
        {
            var file = $"model-{i + 1:00000}-of-{shards:00000}.safetensors";
            Write(Path.Combine(directory, file), shard, cancellation);
            foreach (var tensor in shard)
            {
                map[tensor.Name] = file;
            }
        }

        var index = new JsonObject { ["metadata"] = new JsonObject { ["total_size"] = tensors.Sum(tensor => tensor.Bytes) }, ["weight_map"] = map };
        File.WriteAllText(Path.Combine(directory, "model.safetensors.index.json"), index.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
    }

    /// <summary>Writes a file; one that is there is replaced.</summary>
    public static void Write(string path, IReadOnlyList<TensorValues> tensors, CancellationToken cancellation = default)
    {
        using var stream = File.Create(path);
        WriteHeader(stream, tensors);
        var (values, bytes) = (new float[PieceElements], new byte[PieceElements * sizeof(float)]);
        foreach (var tensor in tensors)
        {
            for (var first = 0L; first < tensor.Count; first += PieceElements)
            {
                cancellation.ThrowIfCancellationRequested();
                var piece = values.AsSpan(0, (int)Math.Min(PieceElements, tensor.Count - first));
                tensor.Fill(first, piece);
                stream.Write(Narrow(tensor, piece, bytes));
            }
        }
    }

    private static void WriteHeader(Stream stream, IReadOnlyList<TensorValues> tensors)
    {
        var header = new JsonObject { ["__metadata__"] = new JsonObject { ["format"] = "pt" } };
        var offset = 0L;
        foreach (var tensor in tensors)
        {
            header[tensor.Name] = new JsonObject
            {
                ["dtype"] = tensor.Type.Label(),
                ["shape"] = new JsonArray([.. tensor.Shape.Select(dimension => JsonValue.Create(dimension))]),
                ["data_offsets"] = new JsonArray(offset, offset + tensor.Bytes),
            };
            offset += tensor.Bytes;
        }

        var json = Encoding.UTF8.GetBytes(header.ToJsonString());
        var padding = (Alignment - ((sizeof(ulong) + json.Length) % Alignment)) % Alignment;
        Span<byte> length = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)(json.Length + padding));
        stream.Write(length);
        stream.Write(json);
        stream.Write(Encoding.ASCII.GetBytes(new string(' ', padding)));
    }

    private static ReadOnlySpan<byte> Narrow(TensorValues tensor, ReadOnlySpan<float> values, byte[] bytes)
    {
        switch (tensor.Type)
        {
            case StoredType.F32:
                return MemoryMarshal.AsBytes(values);
            case StoredType.F16:
                var halves = MemoryMarshal.Cast<byte, Half>(bytes.AsSpan());
                for (var i = 0; i < values.Length; i++)
                {
                    halves[i] = (Half)values[i];
                }

                break;
            case StoredType.BF16:
                var brains = MemoryMarshal.Cast<byte, ushort>(bytes.AsSpan());
                for (var i = 0; i < values.Length; i++)
                {
                    brains[i] = RoundToBF16(values[i]);
                }

                break;
            default:
                throw new ArgumentException($"{tensor.Name}: {tensor.Type} is not written.", nameof(tensor));
        }

        return bytes.AsSpan(0, values.Length * tensor.Type.Size());
    }

    // To nearest, ties to even; the values are finite.
    private static ushort RoundToBF16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
