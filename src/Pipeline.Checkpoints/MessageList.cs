namespace Pipeline.Checkpoints;

/// <summary>Lists in error messages: complete where short, cut where long.</summary>
internal static class MessageList
{
    private const int Shown = 20;

    public static string Of(IReadOnlyCollection<string> items) =>
        string.Join(", ", items.Take(Shown)) + (items.Count > Shown ? $" and {items.Count - Shown} more" : "");
}
