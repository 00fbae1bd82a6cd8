using System.Collections;
using Pipeline.Commands;
using Pipeline.Terminal;

namespace Pipeline;

internal static class Program
{
    private static async Task<int> Main(string[] arguments)
    {
        using var interruption = new Interruption();
        return await CommandLine.RunAsync(arguments, new Surroundings(
            StandardOutput.Open(),
            Console.Error,
            IsTerminal: !Console.IsErrorRedirected,
            OutputIsTerminal: !Console.IsOutputRedirected,
            Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(
                variable => (string)variable.Key, variable => (string)variable.Value!, StringComparer.Ordinal),
            Environment.CurrentDirectory,
            interruption.Token)
        {
            AllowToEnd = interruption.AllowToEnd,
        });
    }
}
