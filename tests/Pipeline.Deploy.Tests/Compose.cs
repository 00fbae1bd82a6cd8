using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Pipeline.Deploy.Tests;

/// <summary>What deploy/compose.yaml says, with the defaults of its variables; a key that is not here is an error.</summary>
internal sealed class Compose
{
    public static Compose File { get; } = Read(DeployFiles.Read("compose.yaml"));

    public string Name { get; set; } = "";

    /// <summary>Pieces that services are made of.</summary>
    [YamlMember(Alias = "x-node", ApplyNamingConventions = false)]
    public ComposeService Node { get; set; } = new();

    [YamlMember(Alias = "x-settings", ApplyNamingConventions = false)]
    public Dictionary<string, string> Settings { get; set; } = [];

    public Dictionary<string, ComposeService> Services { get; set; } = [];

    public Dictionary<string, ComposeNetwork> Networks { get; set; } = [];

    public static Compose Read(string yaml)
    {
        var deserializer = new DeserializerBuilder().WithNamingConvention(UnderscoredNamingConvention.Instance).Build();
        var parser = new MergingParser(new Parser(new StringReader(Values.Default(yaml))));
        parser.Consume<StreamStart>();
        return deserializer.Deserialize<Compose>(parser);
    }
}

/// <summary>One service.</summary>
internal sealed class ComposeService
{
    public string Image { get; set; } = "";

    public ComposeBuild Build { get; set; } = new();

    public string Restart { get; set; } = "";

    public string StopGracePeriod { get; set; } = "";

    public List<string> Networks { get; set; } = [];

    public List<string> Volumes { get; set; } = [];

    public List<string> Command { get; set; } = [];

    public Dictionary<string, string> Environment { get; set; } = [];

    public List<string> Ports { get; set; } = [];
}

/// <summary>How the image is built.</summary>
internal sealed class ComposeBuild
{
    public string Context { get; set; } = "";

    public string Dockerfile { get; set; } = "";
}

/// <summary>A network of the services.</summary>
internal sealed class ComposeNetwork
{
    public ComposeAddresses Ipam { get; set; } = new();
}

/// <summary>A network's addresses.</summary>
internal sealed class ComposeAddresses
{
    public List<Dictionary<string, string>> Config { get; set; } = [];
}
