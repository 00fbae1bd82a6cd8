namespace Pipeline.Commands;

/// <summary>A command line that cannot be carried out: exit code 2.</summary>
internal sealed class UsageException(string message, string? hint) : PipelineException("usage", message, hint);

/// <summary>What the program ends with.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int SomeFailed = 1;
    public const int Usage = 2;
    public const int CouldNotStart = 3;
    public const int Interrupted = 130;
}
