using System.Net;

namespace Pipeline.Server.Tests;

public sealed class HealthTests
{
    private readonly FakeHealth _health = new();

    [Fact]
    public async Task A_node_that_lacks_nothing_is_live_and_ready()
    {
        await using var server = await TestServer.StartAsync(_health);

        Assert.Equal((HttpStatusCode.OK, """{"live":true}"""), await GetAsync(server, "/health/live"));
        Assert.Equal((HttpStatusCode.OK, """{"ready":true,"missing":[]}"""), await GetAsync(server, "/health/ready"));
    }

    [Fact]
    public async Task What_is_missing_is_named_with_its_bytes_until_it_is_there()
    {
        _health.Missing = [new("model", "is being loaded"), new("shard", "shard 3: no node has room for it", Shard: 3, Bytes: 1_073_741_824)];
        await using var server = await TestServer.StartAsync(_health);

        var unready = await GetAsync(server, "/health/ready");
        var live = await GetAsync(server, "/health/live");
        _health.Missing = [];
        var ready = await GetAsync(server, "/health/ready");

        Assert.Equal(
            (HttpStatusCode.ServiceUnavailable,
                """
                {"ready":false,"missing":[{"what":"model","message":"is being loaded"},{"what":"shard","message":"shard 3: no node has room for it","shard":3,"bytes":1073741824}]}
                """),
            unready);
        Assert.Equal(HttpStatusCode.OK, live.Status);
        Assert.Equal(HttpStatusCode.OK, ready.Status);
    }

    [Fact]
    public async Task A_lost_device_is_neither_live_nor_ready()
    {
        _health.Dead = "the device was lost";
        await using var server = await TestServer.StartAsync(_health);

        Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"live":false,"reason":"the device was lost"}"""), await GetAsync(server, "/health/live"));
        Assert.Equal(
            (HttpStatusCode.ServiceUnavailable, """{"ready":false,"missing":[{"what":"device","message":"the device was lost"}]}"""),
            await GetAsync(server, "/health/ready"));
    }

    private static async Task<(HttpStatusCode Status, string Body)> GetAsync(TestServer server, string path)
    {
        using var response = await server.Client.GetAsync(path);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
