using Pipeline.Kernels;

namespace Pipeline.Checkpoints.Tests;

/// <summary>What of a checkpoint's files is mapped and what is in memory, as the kernel tells it.</summary>
public sealed class MappingTests : IDisposable
{
    private const long PageBytes = 4096;

    private static readonly RandomCheckpointOptions Model = new()
    {
        TextOnly = true,
        Layers = 2,
        Experts = 8,
        HiddenSize = 256,
        IntermediateSize = 512,
    };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_opened_checkpoint_maps_nothing()
    {
        using var checkpoint = Open(Model);
        _ = checkpoint.Summarize();
        _ = checkpoint.ReadExperts();

        Assert.Equal(default, MemoryMap.Of(_folder.Path));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Without_routed_experts_their_ranges_are_not_mapped(bool fused)
    {
        using var checkpoint = Open(Model with { FusedExperts = fused });
        var sizes = checkpoint.Summarize();
        var routed = sizes.Kinds.Single(kind => kind.Kind == TensorKind.RoutedExperts).Bytes;

        var tensors = checkpoint.ReadLlama4(routedExperts: false);

        Assert.All(tensors.Layers, layer => Assert.Null(layer.Moe!.Routed));
        var others = checkpoint.Tensors.All.Count(tensor => !tensor.Name.Contains(".experts.", StringComparison.Ordinal));
        AssertMapped(sizes.Bytes - routed, others);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Experts_are_mapped_alone_and_unmapped_when_disposed(bool fused)
    {
        using var checkpoint = Open(Model with { FusedExperts = fused });
        var experts = checkpoint.ReadExperts();
        Assert.Equal(3L * sizeof(float) * Model.HiddenSize * Model.IntermediateSize, experts.ExpertBytes);

        var first = experts.Map(0, [5, 1]);
        var second = experts.Map(1, [2]);
        Assert.Equal(2 * experts.ExpertBytes, first.Bytes);
        AssertMapped(3 * experts.ExpertBytes, ranges: 9);
        Assert.Equal(0, MemoryMap.Of(_folder.Path).Resident);

        first.Fetch(default);
        Assert.InRange(MemoryMap.Of(_folder.Path).Resident, first.Bytes, first.Bytes + (12 * 16 * PageBytes));

        first.Dispose();
        AssertMapped(experts.ExpertBytes, ranges: 3);
        second.Dispose();
        Assert.Equal(default, MemoryMap.Of(_folder.Path));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Mapped_experts_are_those_of_the_whole_model(bool fused)
    {
        using var checkpoint = Open(Model with { FusedExperts = fused });
        var whole = checkpoint.ReadLlama4().Layers[1].Moe!.Routed!;

        using var some = checkpoint.ReadExperts().Map(1, [6, 0, 3]);

        AssertEqual(whole.Gate, some.Tensors.Gate);
        AssertEqual(whole.Up, some.Tensors.Up);
        AssertEqual(whole.Down, some.Tensors.Down);

        static void AssertEqual(WeightSpec whole, WeightSpec some)
        {
            Assert.Equal(3, some.Parts.Count);
            foreach (var (part, expert) in new[] { (0, 6), (1, 0), (2, 3) })
            {
                for (var output = 0; output < whole.Outputs; output += 17)
                {
                    for (var input = 0; input < whole.Inputs; input += 13)
                    {
                        Assert.Equal(WeightReader.Element(whole, expert, output, input), WeightReader.Element(some, part, output, input));
                    }
                }
            }
        }
    }

    [Fact]
    public void A_file_that_was_cut_off_since_is_an_error_that_names_it()
    {
        using var checkpoint = Open(Model);
        using var experts = checkpoint.ReadExperts().Map(1, [7]);
        using (var file = new FileStream(_folder.File("model.safetensors"), FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.SetLength(file.Length / 8);
        }

        var refused = Assert.Throws<PipelineException>(() => experts.Fetch(default));

        Assert.Equal("checkpoint.unreadable", refused.Code);
        Assert.Equal(FailureKind.Outside, refused.Kind);
        Assert.StartsWith($"{_folder.File("model.safetensors")}: cannot be read: it ends at byte", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fetching_can_be_cancelled()
    {
        using var checkpoint = Open(Model);
        using var experts = checkpoint.ReadExperts().Map(0, [0]);
        Assert.Throws<OperationCanceledException>(() => experts.Fetch(new CancellationToken(canceled: true)));
    }

    private Checkpoint Open(RandomCheckpointOptions options)
    {
        RandomCheckpoint.Write(_folder.Path, options);
        return Checkpoint.Open(_folder.Path);
    }

    /// <summary>Each range begins and ends on a page.</summary>
    private void AssertMapped(long bytes, int ranges) =>
        Assert.InRange(MemoryMap.Of(_folder.Path).Size, bytes, bytes + (2 * PageBytes * ranges));
}
