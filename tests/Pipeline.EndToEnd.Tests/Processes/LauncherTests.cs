using System.Diagnostics;

namespace Pipeline.EndToEnd.Tests.Processes;

/// <summary><c>./pipeline</c>, which builds the program where it is not.</summary>
[Collection(TimedCollection.Name)]
public sealed class LauncherTests : IDisposable
{
    private const int Tries = 30;
    private static readonly TimeSpan s_limit = TimeSpan.FromMilliseconds(300);
    private static readonly string s_launcher = Path.Join(SharedData.Root, "pipeline");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void It_answers_at_once_from_any_folder_and_through_a_link()
    {
        var link = _folder.File("a link to it");
        File.CreateSymbolicLink(link, s_launcher);
        var first = Tool.Run(link, ["--version"], _folder.Path); // builds where need be
        Assert.Matches("^pipeline [0-9.]+\n$", first.Output);

        // The best of many tries: something else may be using the processor.
        var times = Enumerable.Range(0, Tries).Select(_ => TimeHelp(link));
        Assert.Contains(times, time => time < s_limit);
    }

    [Fact]
    public void Arguments_pass_through_as_they_are()
    {
        var result = Tool.Run(s_launcher, ["caption", "no such\tfile *.mp4"], _folder.Path);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("error: no such\\tfile *.mp4: no picture or video there\n", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_reader_that_goes_away_ends_the_run_quietly()
    {
        Tool.Run(s_launcher, ["--version"]); // builds where need be
        var result = Tool.Run(
            "bash", ["-c", "set -o pipefail; \"$0\" caption tests/data/eval/ --quiet | head -n 1", s_launcher]);

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.EndsWith(".\n", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_dotnet_it_says_what_to_install()
    {
        Directory.CreateDirectory(_folder.File("bin"));
        foreach (var tool in new[] { "bash", "readlink", "dirname" })
        {
            File.CreateSymbolicLink(_folder.File($"bin/{tool}"), Path.Join("/usr/bin", tool));
        }

        var result = Tool.Run(s_launcher, ["--help"], _folder.Path, ("PATH", _folder.File("bin")));

        Assert.Equal(3, result.ExitCode);
        Assert.StartsWith("error: dotnet: the .NET 10 SDK is missing\nhint: ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Told_not_to_install_it_says_what_is_missing()
    {
        Directory.CreateDirectory(_folder.File("bin"));
        foreach (var tool in new[] { "bash", "readlink", "dirname", "find", "sort", "head", "cat", "dotnet", "flock", "mkdir", "mv", "ldconfig", "grep" })
        {
            var found = new[] { "/usr/bin", "/sbin", "/usr/sbin", "/usr/local/bin" }.Select(folder => Path.Join(folder, tool)).FirstOrDefault(File.Exists);
            if (found is not null)
            {
                File.CreateSymbolicLink(_folder.File($"bin/{tool}"), found);
            }
        }

        var result = Tool.Run(
            s_launcher, ["caption", "x.mp4"], _folder.Path, ("PATH", _folder.File("bin")), ("PIPELINE_NO_INSTALL", "1"));

        Assert.Equal(3, result.ExitCode);
        Assert.Contains("missing: ffmpeg (not installed, as PIPELINE_NO_INSTALL=1 is set)\nerror: ", result.Error, StringComparison.Ordinal);
    }

    private TimeSpan TimeHelp(string launcher)
    {
        var started = Stopwatch.GetTimestamp();
        var help = Tool.Run(launcher, ["caption", "--help"], _folder.Path);
        var time = Stopwatch.GetElapsedTime(started);
        Assert.Equal((0, ""), (help.ExitCode, help.Error));
        return time;
    }
}
