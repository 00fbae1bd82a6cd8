using Akka.Configuration;
using Pipeline.Engine.Configuration;

namespace Pipeline.Cluster.Tests;

public sealed class OptionsTests
{
    [Fact]
    public void The_reference_file_binds()
    {
        using var reader = new StreamReader(typeof(ExpertsOptions).Assembly.GetManifestResourceStream("cluster.conf")!);
        var config = new LayeredConfig([new ConfigLayer("cluster.conf", ConfigurationFactory.ParseString(reader.ReadToEnd()))]);

        var options = OptionsBinder.Bind<ExpertsOptions>(config, "pipeline.experts");

        Assert.Equal(TimeSpan.FromSeconds(60), options.Deadline);
        Assert.Equal(64 << 20, options.BytesOutstanding);
    }
}
