using System.Diagnostics;

namespace Pipeline.EndToEnd.Tests.Processes;

/// <summary>Finds the processes of a test by an environment variable that they inherit.</summary>
internal static class MarkedProcesses
{
    /// <summary>Those that are not dead, by id, with their command line.</summary>
    /// <param name="variable"><c>NAME=value</c>.</param>
    public static IReadOnlyDictionary<int, string> Find(string variable) => Process.GetProcesses().Select(process => process.Id)
        .Where(id => Read($"/proc/{id}/environ").Contains(variable + "\0", StringComparison.Ordinal))
        .Where(id => !Read($"/proc/{id}/status").Contains("State:\tZ", StringComparison.Ordinal))
        .ToDictionary(id => id, id => Read($"/proc/{id}/cmdline").Replace('\0', ' '));

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return ""; // it has ended meanwhile, or is another user's
        }
    }
}
