using YamlDotNet.Core;

namespace Pipeline.Deploy.Tests;

public sealed class ComposeTests
{
    [Fact]
    public void It_is_one_engine_and_three_experts_of_one_image()
    {
        Assert.Equal(["engine", "expert-1", "expert-2", "expert-3"], Compose.File.Services.Keys.Order(StringComparer.Ordinal));
        Assert.All(Compose.File.Services.Values, service =>
        {
            Assert.Equal($"pipeline:{Versions.Program}", service.Image);
            Assert.True(File.Exists(DeployFiles.PathOf(service.Build.Context, service.Build.Dockerfile)));
            Assert.True(File.Exists(DeployFiles.PathOf(service.Build.Context, "Pipeline.sln")), "the context is the repository's root");
            Assert.Equal("unless-stopped", service.Restart);
        });
    }

    [Fact]
    public void A_key_that_Compose_does_not_know_would_be_found() => Assert.Throws<YamlException>(
        () => Compose.Read("services: {engine: {comand: [node]}}"));

    [Fact]
    public void Nodes_find_and_trust_each_other()
    {
        var subnet = Compose.File.Networks.Values.Single().Ipam.Config.Single()["subnet"];
        Assert.All(Compose.File.Services, entry =>
        {
            var (name, service) = entry;
            Assert.Equal(Compose.File.Networks.Keys, service.Networks);
            Assert.Equal(name, service.Environment["PIPELINE__CLUSTER__HOST"]);
            Assert.Equal(subnet, service.Environment["PIPELINE__CLUSTER__TRUSTED"]);
            Assert.All(service.Environment["PIPELINE__CLUSTER__JOIN"].Split(", "), address => Assert.Equal(
                Dockerfile.Image.Environment["PIPELINE__CLUSTER__PORT"], address.Split(':') is [var host, var port] && Compose.File.Services.ContainsKey(host) ? port : address));
        });
    }

    [Fact]
    public void The_model_lies_where_the_image_looks_for_it()
    {
        Assert.All(Compose.File.Services.Values, service => Assert.EndsWith($":{Dockerfile.Image.Environment["PIPELINE_MODEL"]}:ro", service.Volumes.Single(), StringComparison.Ordinal));
        Assert.True(Directory.Exists(DeployFiles.PathOf(Compose.File.Services["engine"].Volumes.Single().Split(':')[0])), "the default model is there");
    }

    [Fact]
    public void Only_the_engine_s_HTTP_is_reached_from_this_machine_and_from_no_other()
    {
        Assert.Equal(["127.0.0.1:8080:8080"], Compose.File.Services["engine"].Ports);
        Assert.All(Compose.File.Services.Where(entry => entry.Key != "engine"), entry => Assert.Empty(entry.Value.Ports));
    }
}
