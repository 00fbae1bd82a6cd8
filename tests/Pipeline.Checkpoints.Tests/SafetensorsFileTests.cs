using System.Text;

namespace Pipeline.Checkpoints.Tests;

/// <summary>Files that are whole, and each way in which one can be damaged.</summary>
public sealed class SafetensorsFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string FilePath => _folder.File("x.safetensors");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ReferenceOutputs_AreRead()
    {
        using var golden = SafetensorsFile.Open(Path.Combine(SharedData.Root, "tests", "data", "goldens", "scout-like", "golden.safetensors"));
        var ids = golden.Find("text.input_ids")!;
        var logits = golden.Find("text.logits")!;

        Assert.Equal(20, golden.All.Count);
        Assert.Equal((StoredType.I64, StoredType.F32), (ids.Type, logits.Type));
        Assert.Equal([1, 100, 320], logits.Shape);
        Assert.All(ids.ReadIntegers(), id => Assert.InRange(id, 0, 319));
        Assert.All(logits.ReadFloats(), logit => Assert.InRange(logit, -100, 100));
        Assert.Null(golden.Find("text.logit"));
    }

    [Fact]
    public void ReferencePixels_AreReadFromBF16()
    {
        using var file = SafetensorsFile.Open(Path.Combine(SharedData.Root, "tests", "data", "images", "pixel_values.safetensors"));
        var gray = file.Find("gray@56x4")!;

        Assert.Equal(StoredType.BF16, gray.Type);
        var pixels = gray.ReadFloats();
        Assert.Equal(5 * 3 * 56 * 56, pixels.Length);
        Assert.All(pixels, pixel => Assert.InRange(pixel, -1, 1));
    }

    [Theory]
    [InlineData("F64", "000000000000F83F", 1.5f)]
    [InlineData("F32", "0000C03F", 1.5f)]
    [InlineData("F16", "003E", 1.5f)]
    [InlineData("BF16", "C0BF", -1.5f)]
    public void Floats_AreWidened(string type, string bytes, float expected)
    {
        var data = Convert.FromHexString(bytes);
        Write($$$"""{"x":{"dtype":"{{{type}}}","shape":[],"data_offsets":[0,{{{data.Length}}}]}}""", data);

        using var file = SafetensorsFile.Open(FilePath);
        Assert.Equal([expected], file.Find("x")!.ReadFloats());
        Assert.Equal($"{FilePath}: tensor x is {type}, not integers", Failures.MessageOf(() => file.Find("x")!.ReadIntegers()));
    }

    [Theory]
    [InlineData("I64", "FEFFFFFFFFFFFFFF", -2)]
    [InlineData("I32", "FEFFFFFF", -2)]
    [InlineData("I16", "FEFF", -2)]
    [InlineData("I8", "FE", -2)]
    [InlineData("U32", "FEFFFFFF", 4294967294)]
    [InlineData("U16", "FEFF", 65534)]
    [InlineData("U8", "FE", 254)]
    [InlineData("BOOL", "01", 1)]
    public void Integers_AreWidened(string type, string bytes, long expected)
    {
        var data = Convert.FromHexString(bytes);
        Write($$$"""{"x":{"dtype":"{{{type}}}","shape":[1],"data_offsets":[0,{{{data.Length}}}]}}""", data);

        using var file = SafetensorsFile.Open(FilePath);
        Assert.Equal([expected], file.Find("x")!.ReadIntegers());
        Assert.Equal($"{FilePath}: tensor x is {type}, not floating-point numbers", Failures.MessageOf(() => file.Find("x")!.ReadFloats()));
    }

    [Fact]
    public void EmptyTensorsAndPaddedHeaders_AreValid()
    {
        Write("""{"a":{"dtype":"F32","shape":[0,9223372036854775807],"data_offsets":[0,0]},"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}    """, new byte[2]);

        using var file = SafetensorsFile.Open(FilePath);
        Assert.Empty(file.Find("a")!.ReadFloats());
        Assert.Equal(2, file.Find("b")!.Count);
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[3,7]}}""", 7,
        "tensor b overlaps tensor a: it begins at byte 3, before 4")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", 4,
        "tensor b overlaps tensor a: it begins at byte 0, before 4")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[6,10]}}""", 10,
        "there is a hole of 2 bytes between tensor a and tensor b")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}""", 6, "there is a hole of 2 bytes between the header and tensor a")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", 5, "has 1 bytes after its last tensor that belong to none")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", 3,
        "tensor a ends at byte 4 of the data, which is 3 bytes long: the file is truncated, or the header wrong")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,15]}}""", 15, "tensor a: F32 [2, 2] takes 16 bytes, its data_offsets hold 15")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}""", 0,
        "tensor a: F32 [4294967296, 4294967296] takes more than 2^63 bytes, its data_offsets hold 0")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "tensor a: shape holds -1")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", 4, "tensor a: shape holds 1.5")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", 4, "tensor a: data_offsets [4, 0] are not a begin and an end")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}""", 4, "tensor a: data_offsets [0, 4, 8] are not a begin and an end")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,18446744073709551615]}}""", 4, "tensor a: data_offsets holds 18446744073709551615")]
    [InlineData("""{"a":{"dtype":"F32","data_offsets":[0,4]}}""", 4, "tensor a: its header entry has no shape")]
    [InlineData("""{"a":{"shape":[1],"data_offsets":[0,4]}}""", 4, "tensor a: its header entry has no dtype")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1]}}""", 4, "tensor a: its header entry has no data_offsets")]
    [InlineData("""{"a":7}""", 4, "tensor a: its header entry is not an object")]
    [InlineData("""{"a":{"dtype":"F4","shape":[1],"data_offsets":[0,4]}}""", 4, "tensor a: unsupported dtype F4")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2, "names a twice in its header")]
    [InlineData("""{"__metadata__":[]}""", 0, "has __metadata__ that is not an object")]
    [InlineData("[]", 0, "has no JSON header: it is not a safetensors file")]
    [InlineData("", 0, "has no JSON header: it is not a safetensors file")]
    [InlineData("""{"a":""", 0, "(header): is not valid JSON (line 1, byte 6)")]
    [InlineData("""{"\uD800":1}""", 0, "(header): is not valid JSON: a string with half a surrogate pair")]
    public void DamagedHeaders_AreToldApart(string header, int dataBytes, string problem)
    {
        Write(header, new byte[dataBytes]);

        Assert.EndsWith(problem, Failures.MessageOf(() => SafetensorsFile.Open(FilePath)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "is truncated: 0 bytes, fewer than the 8 that hold the header's length")]
    [InlineData("0100000000", "is truncated: 5 bytes, fewer than the 8 that hold the header's length")]
    [InlineData("10000000000000007B7D", "is truncated: its header should take 16 bytes, 2 are there")]
    [InlineData("FFFFFFFFFFFFFFFF7B7D", "claims a header of 18446744073709551615 bytes, more than the 100000000 that the format allows")]
    [InlineData("05000000000000007B22FFFF7D", "(header): is not valid JSON: not UTF-8")]
    public void DamagedBeginnings_AreToldApart(string bytes, string problem)
    {
        File.WriteAllBytes(FilePath, Convert.FromHexString(bytes));

        Assert.EndsWith(problem, Failures.MessageOf(() => SafetensorsFile.Open(FilePath)), StringComparison.Ordinal);
    }

    [Fact]
    public void GitLfsPointers_AreRecognised()
    {
        File.WriteAllText(FilePath, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 24002744\n");

        Assert.Equal($"{FilePath}: is a git-lfs pointer, not the weights themselves", Failures.MessageOf(() => SafetensorsFile.Open(FilePath)));
    }

    [Fact]
    public void MissingFilesAndFolders_AreNamed()
    {
        Assert.Equal($"{FilePath}: no such file", Failures.MessageOf(() => SafetensorsFile.Open(FilePath)));
        Assert.StartsWith($"{_folder.Path}: cannot be read:", Failures.MessageOf(() => SafetensorsFile.Open(_folder.Path)), StringComparison.Ordinal);
    }

    [Fact]
    public void FilesBeyondTwoGigabytes_AreMapped()
    {
        const long length = (5L << 30) + 1;
        var header = $$$"""{"far":{"dtype":"U8","shape":[1],"data_offsets":[{{{length - 1}}},{{{length}}}]},"near":{"dtype":"U8","shape":[{{{length - 1}}}],"data_offsets":[0,{{{length - 1}}}]}}""";
        Write(header, []);
        using (var sparse = File.OpenWrite(FilePath))
        {
            sparse.Position = 8 + Encoding.UTF8.GetByteCount(header) + length - 1;
            sparse.WriteByte(77);
        }

        using var file = SafetensorsFile.Open(FilePath);
        Assert.Equal([77], file.Find("far")!.ReadIntegers());
        Assert.EndsWith("too many to read at once", Failures.MessageOf(() => file.Find("near")!.ReadIntegers()), StringComparison.Ordinal);
    }

    [Fact]
    public void DisposedTwice_IsFine()
    {
        Write("{}", []);
        var file = SafetensorsFile.Open(FilePath);

        file.Dispose();
        file.Dispose();
        Assert.Empty(file.All);
    }

    private void Write(string header, byte[] data) => RawSafetensors.Write(FilePath, header, data);
}
