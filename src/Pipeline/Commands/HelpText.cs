using System.CommandLine;
using System.Text;

namespace Pipeline.Commands;

/// <summary>The text of <c>--help</c>, at most <see cref="Width"/> columns wide.</summary>
internal static class HelpText
{
    private const int Width = 80;
    private const int OptionColumn = 28;

    public static string Of(PipelineCommand command)
    {
        var help = new StringBuilder()
            .Append($"Usage: pipeline {command.Name} {command.Usage}\n\n")
            .Append(Wrap(command.Description!, 0)).Append('\n');
        foreach (var group in command.Groups)
        {
            help.Append($"\n{group.Title}:\n");
            foreach (var option in group.Options)
            {
                help.Append(Line(option.HelpName is { } value ? $"{option.Name} {value}" : option.Name, option.Description!, OptionColumn));
            }
        }

        return help.Append($"\nExample:\n  {command.Example}\n").ToString();
    }

    public static string Of(RootCommand root)
    {
        var help = new StringBuilder()
            .Append("Usage: pipeline COMMAND [OPTIONS] ...\n\n")
            .Append(Wrap(root.Description!, 0)).Append("\n\nCommands:\n");
        foreach (var command in root.Subcommands.Cast<PipelineCommand>())
        {
            help.Append(Line(command.Name, command.Description!.Split('.')[0], 12));
        }

        return help
            .Append("\n  --help      of the program or of a command\n  --version\n  --          ends the options: what follows is a path or text\n")
            .Append("\nExit codes: 0 all done, 1 some inputs failed, 2 usage or configuration,\n3 could not start, 130 interrupted.\n")
            .Append("\nExample:\n  pipeline caption samples/\n")
            .ToString();
    }

    private static string Line(string left, string right, int column)
    {
        var head = "  " + left;
        return (head.Length + 2 > column ? head + "\n" + new string(' ', column) : head.PadRight(column)) + Wrap(right, column) + "\n";
    }

    private static string Wrap(string text, int column)
    {
        var wrapped = new StringBuilder();
        var at = column;
        foreach (var word in text.Split(' '))
        {
            if (at > column && at + 1 + word.Length > Width)
            {
                wrapped.Append('\n').Append(' ', column);
                at = column;
            }
            else if (at > column)
            {
                wrapped.Append(' ');
                at++;
            }

            wrapped.Append(word);
            at += word.Length;
        }

        return wrapped.ToString();
    }
}
