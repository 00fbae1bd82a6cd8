using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Reflection;
using System.Text;
using Pipeline.Jobs.Sinks;
using Pipeline.Terminal;

namespace Pipeline.Commands;

/// <summary>The program's commands, and one run of them.</summary>
internal static class CommandLine
{
    private static readonly string s_version =
        typeof(CommandLine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string[] arguments, Surroundings surroundings)
    {
        var parsed = Parse(arguments, surroundings);
        if (parsed.Action is not PrintAction && Refuse(parsed) is { } refusal)
        {
            surroundings.Error.WriteError(refusal);
            return ExitCode.Usage;
        }

        var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        try
        {
            return await parsed.InvokeAsync(invocation, surroundings.Interrupted);
        }
        catch (PipelineException failure)
        {
            surroundings.Error.WriteError(failure);
            return failure is UsageException or Engine.Configuration.SettingsException ? ExitCode.Usage : ExitCode.CouldNotStart;
        }
        catch (IOException failure) when (StreamSink.IsClosed(failure))
        {
            return ExitCode.Done;
        }
        catch (OperationCanceledException) when (surroundings.Interrupted.IsCancellationRequested)
        {
            return ExitCode.Interrupted;
        }
    }

    /// <summary>What is wrong with a command line; null where it can be carried out. Nothing is.</summary>
    public static UsageException? Check(string[] arguments, Surroundings surroundings) => Refuse(Parse(arguments, surroundings));

    private static ParseResult Parse(string[] arguments, Surroundings surroundings) => Build(surroundings)
        .Parse(arguments, new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });

    private static RootCommand Build(Surroundings surroundings)
    {
        var root = new RootCommand("Captions videos and pictures with Llama 4 models.")
        {
            CaptionCommand.Create(surroundings),
            AskCommand.Create(surroundings),
            GenerateCommand.Create(surroundings),
            InspectCommand.Create(surroundings),
            VerifyCommand.Create(surroundings),
            DevicesCommand.Create(surroundings),
            BenchCommand.Create(surroundings),
            PlanCommand.Create(surroundings),
            NodeCommand.Create(surroundings),
            NodesCommand.Create(surroundings),
        };

        // Without directives: a first path may begin with a bracket.
        root.Directives.Clear();
        root.Options.Clear();
        root.Add(new HelpOption("--help", "-h") { Action = new PrintAction(surroundings, Help) });
        root.Add(new VersionOption("--version") { Action = new PrintAction(surroundings, _ => $"pipeline {s_version}\n") });
        return root;
    }

    private static string Help(ParseResult parsed) =>
        parsed.CommandResult.Command is PipelineCommand command ? HelpText.Of(command) : HelpText.Of((RootCommand)parsed.RootCommandResult.Command);

    /// <summary>What is wrong with a command line; null where it can be carried out.</summary>
    private static UsageException? Refuse(ParseResult parsed)
    {
        if (parsed.CommandResult.Command is not PipelineCommand command)
        {
            var commands = string.Join(", ", parsed.RootCommandResult.Command.Subcommands.Select(known => known.Name));
            return parsed.Tokens is [var first, ..]
                ? new UsageException($"{first.Value}: there is no such command", $"commands: {commands}; pipeline --help tells more")
                : new UsageException("no command given", $"commands: {commands}; pipeline --help tells more");
        }

        var help = $"pipeline {command.Name} --help lists the options";
        if (UnknownOption(parsed) is { } unknown)
        {
            return new UsageException($"{unknown}: there is no such option", $"{help}; put -- before a path that starts with a dash");
        }

        return parsed.Errors is [var error, ..] ? new UsageException(Describe(parsed, error), help) : null;
    }

    /// <summary>An error in this program's words, where the parser has its own for it.</summary>
    private static string Describe(ParseResult parsed, ParseError error) => error.SymbolResult switch
    {
        OptionResult { IdentifierTokenCount: > 1, Option.Arity.MaximumNumberOfValues: 1 } option => $"{option.Option.Name}: is given more than once",
        OptionResult { Tokens.Count: 0 } option => $"{option.Option.Name}: needs a value",
        ArgumentResult { Tokens.Count: 0, Argument: var argument } => $"no {argument.Name} given",
        _ when parsed.UnmatchedTokens is [var first, ..] => $"{first}: is one argument too many; text with spaces stands in quotes",
        _ => error.Message,
    };

    /// <summary>The parser takes an option that it does not know for a path: only after -- is it one.</summary>
    private static string? UnknownOption(ParseResult parsed)
    {
        var end = parsed.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash).Count();
        var open = parsed.Tokens.Take(end).ToHashSet(ReferenceEqualityComparer.Instance);
        return parsed.CommandResult.Children.OfType<ArgumentResult>()
            .SelectMany(argument => argument.Tokens)
            .Where(token => open.Contains(token))
            .Select(token => token.Value)
            .Concat(parsed.UnmatchedTokens)
            .FirstOrDefault(value => value.Length > 1 && value[0] == '-')?
            .Split('=')[0];
    }

    private sealed class PrintAction(Surroundings surroundings, Func<ParseResult, string> text) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            surroundings.Output.Write(Encoding.UTF8.GetBytes(text(parseResult)));
            surroundings.Output.Flush();
            return ExitCode.Done;
        }
    }
}
