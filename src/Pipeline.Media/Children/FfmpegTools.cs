namespace Pipeline.Media;

/// <summary>The two programs that read media files, found once at start.</summary>
public sealed class FfmpegTools
{
    private FfmpegTools(string ffmpeg, string ffprobe)
    {
        Ffmpeg = ffmpeg;
        Ffprobe = ffprobe;
    }

    /// <summary>Full path of ffmpeg.</summary>
    public string Ffmpeg { get; }

    /// <summary>Full path of ffprobe.</summary>
    public string Ffprobe { get; }

    /// <summary>Finds both programs.</summary>
    /// <exception cref="PipelineException"><c>media.ffmpeg-missing</c>: one of them is not there.</exception>
    public static FfmpegTools Find(MediaOptions options) =>
        new(FindProgram(options.Ffmpeg, "pipeline.media.ffmpeg"), FindProgram(options.Ffprobe, "pipeline.media.ffprobe"));

    private static string FindProgram(string program, string setting)
    {
        var candidates = program.Contains(Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? [program]
            : (Environment.GetEnvironmentVariable("PATH") ?? "")
                .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
                .Select(folder => Path.Combine(folder, program));
        return candidates.SelectMany(WithExtension).FirstOrDefault(IsExecutable) is { } found
            ? Path.GetFullPath(found)
            : throw new PipelineException(
                "media.ffmpeg-missing",
                $"{program}: program not found",
                $"install it (Debian, Ubuntu: apt-get install ffmpeg; macOS: brew install ffmpeg), or set {setting} to its path");
    }

    private static string[] WithExtension(string path) => OperatingSystem.IsWindows() ? [path, path + ".exe"] : [path];

    private static bool IsExecutable(string path)
    {
        const UnixFileMode anyExecute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        return File.Exists(path) && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & anyExecute) != UnixFileMode.None);
    }
}
