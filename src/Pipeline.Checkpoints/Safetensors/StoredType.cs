namespace Pipeline.Checkpoints;

/// <summary>Element types of safetensors files that this program can name; weights may be F32, F16 or BF16.</summary>
public enum StoredType
{
    F64,
    F32,
    F16,
    BF16,
    F8E4M3,
    F8E5M2,
    I64,
    I32,
    I16,
    I8,
    U64,
    U32,
    U16,
    U8,
    Bool,
}

public static class StoredTypes
{
    private static readonly Dictionary<string, StoredType> ByLabel = Enum.GetValues<StoredType>().ToDictionary(Label, StringComparer.Ordinal);

    /// <summary>The type that a header's <c>dtype</c> means, or null where it is none of ours.</summary>
    public static StoredType? Parse(string label) => ByLabel.TryGetValue(label, out var type) ? type : null;

    /// <summary>The name as safetensors headers spell it.</summary>
    public static string Label(this StoredType type) => type switch
    {
        StoredType.F8E4M3 => "F8_E4M3",
        StoredType.F8E5M2 => "F8_E5M2",
        StoredType.Bool => "BOOL",
        _ => type.ToString(),
    };

    /// <summary>Bytes of one element.</summary>
    public static int Size(this StoredType type) => type switch
    {
        StoredType.F64 or StoredType.I64 or StoredType.U64 => 8,
        StoredType.F32 or StoredType.I32 or StoredType.U32 => 4,
        StoredType.F16 or StoredType.BF16 or StoredType.I16 or StoredType.U16 => 2,
        _ => 1,
    };
}
