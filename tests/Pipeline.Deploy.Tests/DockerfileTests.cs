namespace Pipeline.Deploy.Tests;

/// <summary>What the Dockerfile says; that its steps work is <see cref="ReplayTests"/>'s.</summary>
public sealed class DockerfileTests
{
    [Fact]
    public void It_builds_with_the_SDK_and_runs_on_the_runtime_of_the_program_s_version()
    {
        Assert.Equal(["mcr.microsoft.com/dotnet/sdk:10.0", "mcr.microsoft.com/dotnet/aspnet:10.0"], Dockerfile.Stages.Select(stage => stage.Base));
        Assert.Contains("<TargetFramework>net10.0</TargetFramework>", File.ReadAllText(Path.Join(SharedData.Root, "Directory.Build.props")), StringComparison.Ordinal);
    }

    [Fact]
    public void It_runs_as_the_base_image_s_user_who_is_not_root()
    {
        var instructions = Dockerfile.Image.Instructions.Select(instruction => instruction.Name).ToList();

        Assert.Equal("$APP_UID", Dockerfile.Image.Only("USER").Text);
        Assert.True(instructions.LastIndexOf("RUN") < instructions.IndexOf("USER"));
    }

    [Fact]
    public void The_context_lets_in_what_is_copied_and_nothing_else()
    {
        var copied = Dockerfile.Stages[0].Instructions.Where(instruction => instruction.Name == "COPY").SelectMany(instruction => instruction.Words[..^1]).ToList();
        var rules = DeployFiles.Read("Dockerfile.dockerignore").Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line[0] != '#').ToList();

        Assert.Equal(["*", .. copied.Select(name => "!" + name), "**/bin", "**/obj"], rules);
        Assert.All(copied, name => Assert.True(Path.Exists(Path.Join(SharedData.Root, name)), name));
    }
}
