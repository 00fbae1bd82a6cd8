namespace Pipeline.Deploy.Tests;

/// <summary>An instruction of a Dockerfile.</summary>
internal sealed record Instruction(string Name, string Text)
{
    /// <summary>Its words: those of a JSON list, or those between spaces.</summary>
    public string[] Words => Text.StartsWith('[') ? System.Text.Json.JsonSerializer.Deserialize<string[]>(Text)! : Text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>One stage of a Dockerfile: a base image and what is done to it.</summary>
internal sealed record Stage(string Base, string? Name, IReadOnlyList<Instruction> Instructions)
{
    public IReadOnlyDictionary<string, string> Environment => Instructions
        .Where(instruction => instruction.Name == "ENV")
        .Select(instruction => instruction.Text.Split('=', 2))
        .ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);

    public Instruction Only(string name) => Instructions.Single(instruction => instruction.Name == name);
}

/// <summary>deploy/Dockerfile, which has an instruction a line.</summary>
internal static class Dockerfile
{
    public static IReadOnlyList<Stage> Stages { get; } = Read();

    /// <summary>The image that is run.</summary>
    public static Stage Image => Stages[^1];

    private static List<Stage> Read()
    {
        var stages = new List<Stage>();
        foreach (var line in DeployFiles.Read("Dockerfile").Split('\n').Where(line => line.Length > 0 && line[0] != '#'))
        {
            var (name, text) = line.Split(' ', 2) is [var first, var rest] ? (first, rest) : throw new FormatException(line);
            if (name == "FROM")
            {
                var words = text.Split(' ');
                stages.Add(new Stage(words[0], words is [_, "AS", var stage] ? stage : null, new List<Instruction>()));
            }
            else
            {
                ((List<Instruction>)stages[^1].Instructions).Add(new Instruction(name, text));
            }
        }

        return stages;
    }
}
