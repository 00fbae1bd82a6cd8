using Pipeline.Cluster.Shards;

namespace Pipeline.Cluster.Tests.Shards;

public sealed class RoutingStatisticsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_was_counted_is_read_again()
    {
        var path = _folder.File("load.json");
        var statistics = new RoutingStatistics(layers: 2, experts: 3);
        statistics.Add(1, [0, 2, -1, 2]);
        statistics.Write(path);

        var read = RoutingStatistics.Read(path, layers: 2, experts: 3);

        Assert.Equal([0L, 0, 0, 1, 0, 2], Enumerable.Range(0, 6).Select(i => read[new ExpertId(i / 3, i % 3)]));
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
    }

    [Theory]
    [InlineData("""{"version":1,"rows":[[1,2]]}""")]
    [InlineData("""{"version":1,"rows":[[1,2,3],null]}""")]
    [InlineData("""{"version":1,"rows":[[1,2,3],[1,2,-3]]}""")]
    [InlineData("""{"version":2,"rows":[[1,2,3],[1,2,3]]}""")]
    [InlineData("""{"version":1,"rows":[[1,2,3],[1,2,3]],"more":1}""")]
    [InlineData("""{"version":1}""")]
    [InlineData("null")]
    [InlineData("[")]
    public void A_file_that_does_not_fit_is_refused_by_its_name(string text)
    {
        var path = _folder.File("load.json");
        File.WriteAllText(path, text);

        var refused = Assert.Throws<PipelineException>(() => RoutingStatistics.Read(path, layers: 2, experts: 3));

        Assert.Equal("experts.load", refused.Code);
        Assert.Contains(path, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_refused_by_its_name()
    {
        var path = _folder.File("none.json");
        Assert.Contains(path, Assert.Throws<PipelineException>(() => RoutingStatistics.Read(path, 1, 1)).Message, StringComparison.Ordinal);
    }
}
