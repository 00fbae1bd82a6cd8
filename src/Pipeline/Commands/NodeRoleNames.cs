using Pipeline.Cluster.Membership;

namespace Pipeline.Commands;

/// <summary>Roles as they are written: <c>engine</c>, <c>expert</c>, or both with a comma between.</summary>
internal static class NodeRoleNames
{
    public const string All = "engine, expert";

    /// <returns>Null where a name is none.</returns>
    public static NodeRoles? Parse(string text)
    {
        var roles = NodeRoles.None;
        foreach (var name in text.Split(',', StringSplitOptions.TrimEntries))
        {
            switch (name)
            {
                case "engine":
                    roles |= NodeRoles.Engine;
                    break;
                case "expert":
                    roles |= NodeRoles.Expert;
                    break;
                default:
                    return null;
            }
        }

        return roles;
    }

    public static string Describe(this NodeRoles roles) => roles.ToString().ToLowerInvariant().Replace(" ", "", StringComparison.Ordinal);
}
