using Pipeline.Kernels;

namespace Pipeline.Checkpoints.Tests;

/// <summary>Every layout of the same model is read as the same numbers.</summary>
public sealed class RandomCheckpointTests
{
    private static readonly RandomCheckpointOptions Plain = new();

    public static TheoryData<string, RandomCheckpointOptions> Layouts => new()
    {
        { "unfused experts", Plain with { FusedExperts = false } },
        { "shards", Plain with { Shards = 4 } },
        { "unfused experts in shards", Plain with { FusedExperts = false, Shards = 2 } },
        { "text only", Plain with { TextOnly = true } },
        { "biases", Plain with { AttentionBias = true } },
    };

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Layouts_HoldTheSameNumbers(string layout, RandomCheckpointOptions options)
    {
        using var folder = new TemporaryFolder();
        using var plainFolder = new TemporaryFolder();
        RandomCheckpoint.Write(plainFolder.Path, Plain);
        RandomCheckpoint.Write(folder.Path, options);
        using var plain = Checkpoint.Open(plainFolder.Path);
        using var other = Checkpoint.Open(folder.Path);

        var (expected, actual) = (plain.ReadLlama4(), other.ReadLlama4());

        Assert.True(Enumerable.SequenceEqual(TextWeights(expected).SelectMany(ReadRows), TextWeights(actual).SelectMany(ReadRows)), layout);
        Assert.Equal(options.AttentionBias, actual.Layers[0].Attention.Query.Bias is not null);
        Assert.Equal(options.TextOnly, actual.Vision is null && actual.Projector is null && other.Processor is null && other.Config.ImageTokenId is null);
    }

    [Theory]
    [InlineData(StoredType.F32, NumberFormat.F32)]
    [InlineData(StoredType.F16, NumberFormat.F16)]
    [InlineData(StoredType.BF16, NumberFormat.BF16)]
    public void Formats_AreKept(StoredType stored, NumberFormat format)
    {
        using var folder = new TemporaryFolder();
        RandomCheckpoint.Write(folder.Path, Plain with { Type = stored });
        using var checkpoint = Checkpoint.Open(folder.Path);

        Assert.All(TextWeights(checkpoint.ReadLlama4()), weight => Assert.Equal(format, weight.Format));
        Assert.Equal(checkpoint.Summarize().Parameters * format.Size(), checkpoint.Summarize().Bytes);
        Assert.Equal(ModelSummary.Of(checkpoint.Config).Parameters, checkpoint.Summarize().Parameters);
        Assert.Equal(ModelSummary.Of(checkpoint.Config).ActiveParameters, checkpoint.Summarize().ActiveParameters);
    }

    [Fact]
    public void TiedHead_IsTheEmbedding()
    {
        using var folder = new TemporaryFolder();
        RandomCheckpoint.Write(folder.Path, Plain with { Tied = true });
        using var checkpoint = Checkpoint.Open(folder.Path);
        var tensors = checkpoint.ReadLlama4();

        Assert.Same(tensors.Embedding, tensors.Head);
        Assert.DoesNotContain(checkpoint.Summarize().Kinds, kind => kind.Kind == TensorKind.Head);
    }

    [Fact]
    public void AHeadThatIsStoredThoughTied_Counts()
    {
        using var folder = new TemporaryFolder();
        RandomCheckpoint.Write(folder.Path, Plain with { Tied = true });
        SafetensorsWriter.Write(folder.File("model.safetensors"), RandomCheckpoint.Tensors(Plain));
        using var checkpoint = Checkpoint.Open(folder.Path);

        Assert.Equal("language_model.lm_head.weight", checkpoint.ReadLlama4().Head.Name);
    }

    [Theory]
    [InlineData(0, "0000")]
    [InlineData(2, "0101")]
    public void DenseLayers_HaveNoExperts(int step, string expected)
    {
        using var folder = new TemporaryFolder();
        RandomCheckpoint.Write(folder.Path, Plain with { MoeStep = step });
        using var checkpoint = Checkpoint.Open(folder.Path);

        Assert.Equal(expected, string.Concat(checkpoint.ReadLlama4().Layers.Select(layer => layer.Moe is null ? 0 : 1)));
        Assert.Equal(80, checkpoint.ReadLlama4().Layers[0].Dense!.Gate.Outputs);
    }

    [Fact]
    public void Seeds_DecideTheNumbers()
    {
        using var first = new TemporaryFolder();
        using var again = new TemporaryFolder();
        using var other = new TemporaryFolder();
        RandomCheckpoint.Write(first.Path, Plain);
        RandomCheckpoint.Write(again.Path, Plain);
        RandomCheckpoint.Write(other.Path, Plain with { Seed = 2 });

        Assert.Equal(File.ReadAllBytes(first.File("model.safetensors")), File.ReadAllBytes(again.File("model.safetensors")));
        Assert.NotEqual(File.ReadAllBytes(first.File("model.safetensors")), File.ReadAllBytes(other.File("model.safetensors")));
    }

    [Fact]
    public void Headers_AlignTheDataThatFollows()
    {
        using var folder = new TemporaryFolder();
        RandomCheckpoint.Write(folder.Path, Plain with { Shards = 3 });

        Assert.All(
            Directory.GetFiles(folder.Path, "*.safetensors"),
            file => Assert.Equal(0UL, (8 + BitConverter.ToUInt64(File.ReadAllBytes(file))) % 64));
    }

    [Fact]
    public void Files_AreNotOverwritten()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("notes.txt"), "mine");

        Assert.Equal($"{folder.Path}: is there already and is not overwritten", Failures.MessageOf(() => RandomCheckpoint.Write(folder.Path, Plain)));
        Assert.Equal(["notes.txt"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void AModelLargerThanTheDisk_IsRefusedWithBothNumbers()
    {
        using var folder = new TemporaryFolder();
        var directory = folder.File("below/huge");

        Assert.Matches(
            "^.*/below/huge: the model takes [0-9]+\\.[0-9]{2} GB and the disk has [0-9]+\\.[0-9]{2} GB free$",
            Failures.MessageOf(() => RandomCheckpoint.Write(directory, Plain with { Layers = 96, HiddenSize = 16384, IntermediateSize = 65536, Experts = 128 })));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void AModelThatCannotBeRead_IsNotWritten()
    {
        using var folder = new TemporaryFolder();

        Assert.Contains("num_key_value_heads", Failures.MessageOf(() => RandomCheckpoint.Write(folder.Path, Plain with { KvHeads = 3 })), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Theory]
    [InlineData("")]
    [InlineData("new")]
    public void WritingThatIsCancelled_LeavesNothing(string name)
    {
        using var folder = new TemporaryFolder();
        var directory = Path.Join(folder.Path, name);

        Assert.Throws<OperationCanceledException>(() => RandomCheckpoint.Write(directory, Plain, new CancellationToken(canceled: true)));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    private static IEnumerable<WeightSpec> TextWeights(Llama4Tensors tensors) =>
    [
        tensors.Embedding, tensors.FinalNorm, tensors.Head,
        .. tensors.Layers.SelectMany(layer => new[]
        {
            layer.InputNorm, layer.PostAttentionNorm,
            layer.Attention.Query.Weight, layer.Attention.Key.Weight, layer.Attention.Value.Weight, layer.Attention.Output.Weight,
            layer.Moe!.Router, layer.Moe.Routed!.Gate, layer.Moe.Routed.Up, layer.Moe.Routed.Down, layer.Moe.Shared.Gate, layer.Moe.Shared.Up, layer.Moe.Shared.Down,
        }),
    ];

    /// <summary>The elements in the order [part, output, input], whatever the orientation.</summary>
    private static List<float> ReadRows(WeightSpec weight)
    {
        Assert.Equal(NumberFormat.F32, weight.Format);
        var values = new List<float>();
        foreach (var part in weight.Parts)
        {
            for (var output = 0; output < weight.Outputs; output++)
            {
                for (var input = 0; input < weight.Inputs; input++)
                {
                    var (row, column) = weight.Orientation == WeightOrientation.OutputsByInputs ? (output, input) : (input, output);
                    values.Add(ReadFloat(part, row, column));
                }
            }
        }

        return values;
    }

    private static unsafe float ReadFloat(WeightPart part, int row, int column) => ((float*)part.Address)[(row * part.Stride) + column];
}
