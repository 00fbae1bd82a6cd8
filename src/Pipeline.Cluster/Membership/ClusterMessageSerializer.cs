using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;
using MessagePack;
using MessagePack.Resolvers;

namespace Pipeline.Cluster.Membership;

/// <summary>MessagePack with integer keys; a manifest names type and version; what it does not know it refuses.</summary>
internal sealed class ClusterMessageSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    public const int Id = 741;

    /// <summary>Data of unknown origin: no typeless members, hash collisions and depth guarded.</summary>
    private static readonly MessagePackSerializerOptions Options =
        MessagePackSerializerOptions.Standard.WithResolver(StandardResolverAllowPrivate.Instance).WithSecurity(MessagePackSecurity.UntrustedData);

    /// <summary>Every message between nodes. A changed layout gets a new name; the old one is read for a release longer.</summary>
    internal static IReadOnlyDictionary<string, Type> Types { get; } = new Dictionary<string, Type>(StringComparer.Ordinal)
    {
        ["hello-1"] = typeof(Hello),
        ["welcome-2"] = typeof(Welcome),
        ["refused-1"] = typeof(Refused),
        ["not-yet-1"] = typeof(NotYet),
        ["node-state-2"] = typeof(NodeState),
        ["nodes-query-1"] = typeof(NodesQuery),
        ["nodes-reply-2"] = typeof(NodesReply),
        ["placement-1"] = typeof(PlacementNews),
        ["start-copy-1"] = typeof(StartCopy),
    };

    private static readonly Dictionary<Type, string> Manifests = Types.ToDictionary(entry => entry.Value, entry => entry.Key);

    public override int Identifier => Id;

    /// <summary>Binds the messages to this serializer.</summary>
    public static Config Settings { get; } = ConfigurationFactory.ParseString(
        $$"""
        akka.actor {
          serializers.pipeline-cluster = "{{typeof(ClusterMessageSerializer).AssemblyQualifiedName}}"
          serialization-bindings {
            "{{typeof(IClusterMessage).AssemblyQualifiedName}}" = pipeline-cluster
          }
        }
        """);

    public override string Manifest(object o) =>
        Manifests.TryGetValue(o.GetType(), out var manifest) ? manifest : throw new ArgumentException($"{o.GetType()} is no message between nodes.", nameof(o));

    public override byte[] ToBinary(object obj) => MessagePackSerializer.Serialize(obj.GetType(), obj, Options);

    public override object FromBinary(byte[] bytes, string manifest) =>
        Types.TryGetValue(manifest, out var type)
            ? MessagePackSerializer.Deserialize(type, bytes, Options)
                is IClusterMessage message && message.IsSound() ? message : throw new SerializationException($"A message {manifest} says the impossible.")
            : throw new SerializationException($"There is no message {manifest}: another node runs another version.");
}
