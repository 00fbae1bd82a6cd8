using System.Net;
using System.Net.Sockets;

namespace Pipeline.Deploy.Tests;

/// <summary>
/// The Dockerfile's steps in a plain folder: its files copied, its publish run, the program started as its user with its environment, and
/// its health check run against that. What a base image brings (apt packages, the user) is taken from this machine.
/// </summary>
public sealed class ReplayTests : IDisposable
{
    /// <summary>What the base image sets.</summary>
    private const string User = "1654";

    private static readonly Dictionary<string, string> s_baseEnvironment = new(StringComparer.Ordinal)
    {
        ["APP_UID"] = User,
        ["ASPNETCORE_HTTP_PORTS"] = "8080",
        ["DOTNET_RUNNING_IN_CONTAINER"] = "true",
    };

    private readonly TemporaryFolder _root = new();

    public void Dispose() => _root.Dispose();

    [UserFact]
    public async Task Its_steps_make_a_program_that_answers_its_health_check_and_ends_when_asked()
    {
        Build();
        var port = FreePort();
        using var node = Start(port);
        var check = Dockerfile.Image.Only("HEALTHCHECK").Text.Split("CMD ")[1].Replace("8080", $"{port}", StringComparison.Ordinal);
        await node.WaitUntilAsync(() => Programs.Run("bash", ["-c", check]).ExitCode == 0, "the health check is content");
        Assert.Equal(User, node.User);

        await node.WaitUntilReadyAsync();
        await node.CaptionAsync(Path.Join(SharedData.Root, "samples", "rabbit.mp4"));
        Assert.Contains("pipeline_decoder_tokens_total", await node.GetAsync("/metrics"), StringComparison.Ordinal);
        await node.EndAsync();
    }

    /// <summary>The build stage: its files below source/, its product below program/.</summary>
    private void Build()
    {
        var stage = Dockerfile.Stages[0];
        var source = _root.File("source");
        Assert.Equal("/source", stage.Only("WORKDIR").Text);
        foreach (var copy in stage.Instructions.Where(instruction => instruction.Name == "COPY"))
        {
            foreach (var name in copy.Words[..^1])
            {
                Copy(Path.Join(SharedData.Root, name), Path.GetFullPath(copy.Words.Length > 2 ? Path.Join(copy.Words[^1], name) : copy.Words[^1], source));
            }
        }

        var published = Programs.Run("bash", ["-c", stage.Only("RUN").Text.Replace(" /program", $" {_root.File("program")}", StringComparison.Ordinal)], source);
        Assert.True(published.ExitCode == 0, published.Output);
        Assert.Contains("--from=build /program /program", Dockerfile.Image.Instructions.Select(instruction => instruction.Text));
    }

    /// <summary>One node with both roles, a cluster of its own, on free ports.</summary>
    private NodeProcess Start(int port)
    {
        var temporary = Directory.CreateDirectory(_root.File("tmp")).FullName;
        var model = _root.File("model");
        Copy(Path.Join(SharedData.Root, "models", "tiny-scout"), model);
        Programs.Run("chmod", ["-R", "a+rX", _root.Path]);
        Programs.Run("chmod", ["a+rwx", temporary]);
        var environment = s_baseEnvironment.Concat(Dockerfile.Image.Environment).ToDictionary(
            variable => variable.Key,
            variable => variable.Key switch
            {
                "PIPELINE_MODEL" => model,
                "PIPELINE__SERVER__LISTEN" => variable.Value.Replace("8080", $"{port}", StringComparison.Ordinal),
                "PIPELINE__CLUSTER__PORT" or "PIPELINE__CLUSTER__DATA_PORT" => "0",
                _ => variable.Value,
            },
            StringComparer.Ordinal);
        environment["HOME"] = environment["TMPDIR"] = temporary;
        var entry = Dockerfile.Image.Only("ENTRYPOINT").Words.Select(word => word.Replace("/program/", _root.File("program") + "/", StringComparison.Ordinal));
        return new NodeProcess(
            ["setpriv", "--reuid", User, "--regid", User, "--clear-groups", "--", .. entry, "node", "--role", "engine,expert", "--memory", "2GB", "--shards", "4"],
            environment, temporary, new Uri($"http://127.0.0.1:{port}"));
    }

    /// <summary>A file or a folder, without what the ignore file leaves out.</summary>
    private static void Copy(string from, string to)
    {
        if (File.Exists(from))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(from, to);
            return;
        }

        foreach (var entry in Directory.EnumerateFileSystemEntries(from).Where(entry => Path.GetFileName(entry) is not ("bin" or "obj")))
        {
            Copy(entry, Path.Join(to, Path.GetFileName(entry)));
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

/// <summary>A fact that is skipped, by name, where no process of another user can be started.</summary>
public sealed class UserFactAttribute : FactAttribute
{
    public UserFactAttribute()
    {
        if (Environment.UserName != "root")
        {
            Skip = "needs root, to start a process of another user";
        }
    }
}
