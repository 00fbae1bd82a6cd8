using Pipeline.Engine.Configuration;

namespace Pipeline.Server.Tests;

public sealed class ListenTests
{
    [Theory]
    [InlineData("127.0.0.1:8080", "127.0.0.1:8080")]
    [InlineData("0.0.0.0:0", "0.0.0.0:0")]
    [InlineData("[::1]:8080", "[::1]:8080")]
    [InlineData("", null)]
    public void An_address_with_a_port_is_taken_and_none_is_nowhere(string listen, string? expected) =>
        Assert.Equal(expected, (TestServer.Options with { Listen = listen }).EndPoint()?.ToString());

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("8080")]
    [InlineData("::1")]
    [InlineData("localhost:8080")]
    [InlineData("127.0.0.1:65536")]
    public void Anything_else_is_refused_by_the_setting_s_name(string listen)
    {
        var failure = Assert.Throws<SettingsException>((TestServer.Options with { Listen = listen }).EndPoint);

        Assert.StartsWith($"pipeline.server.listen = {listen}: ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_another_has_is_refused_by_the_setting_s_name()
    {
        await using var first = await TestServer.StartAsync(new FakeHealth());
        var taken = first.Address.Authority;

        var failure = await Assert.ThrowsAsync<PipelineException>(
            () => NodeServer.StartAsync(TestServer.Options with { Listen = taken }, new FakeHealth(), captions: null));

        Assert.Equal("server.listen", failure.Code);
        Assert.StartsWith($"pipeline.server.listen = {taken}: ", failure.Message, StringComparison.Ordinal);
    }
}
