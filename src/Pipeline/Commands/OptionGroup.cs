using System.CommandLine;

namespace Pipeline.Commands;

/// <summary>Options that help shows under one title.</summary>
internal sealed record OptionGroup(string Title, IReadOnlyList<Option> Options);

/// <summary>A command with what its help shows: the line of use, groups of options, one example.</summary>
internal sealed class PipelineCommand : Command
{
    /// <param name="usage">What follows the command's name: <c>[OPTIONS] PATH...</c>.</param>
    public PipelineCommand(string name, string description, string usage, string example, params OptionGroup[] groups)
        : base(name, description)
    {
        (Usage, Example, Groups) = (usage, example, groups);
        foreach (var option in groups.SelectMany(group => group.Options))
        {
            Add(option);
        }
    }

    public string Usage { get; }

    public string Example { get; }

    public IReadOnlyList<OptionGroup> Groups { get; }
}
