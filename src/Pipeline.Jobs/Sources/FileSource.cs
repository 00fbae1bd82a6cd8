using System.Collections;

namespace Pipeline.Jobs.Sources;

/// <summary>
/// The inputs of a run from the paths on its command line, in order: a file is itself, a folder is walked for pictures
/// and videos, a pattern is matched. They are found as they are asked for; nothing is listed ahead.
/// </summary>
/// <param name="paths">As spelled by the user.</param>
/// <param name="workingFolder">Absolute; what relative paths start from.</param>
/// <param name="output">Decides which inputs already have their result; null where results share one output.</param>
public sealed class FileSource(IReadOnlyList<string> paths, string workingFolder, Sinks.OutputFolder? output) : IEnumerable<CaptionInput>
{
    private readonly HashSet<string> _named = paths.Select(path => Path.GetFullPath(path, workingFolder)).ToHashSet(StringComparer.Ordinal);
    private readonly OutputNaming _naming = new(paths, workingFolder);

    /// <summary>Files of folders, so far, that are neither pictures nor videos.</summary>
    public int Skipped { get; private set; }

    /// <summary>Inputs, so far, that were left out because their result is there.</summary>
    public int AlreadyDone { get; private set; }

    public IEnumerator<CaptionInput> GetEnumerator()
    {
        var index = 0;
        foreach (var input in paths.SelectMany(Open))
        {
            if (output?.HasResult(input) == true)
            {
                AlreadyDone++;
            }
            else
            {
                yield return input with { Index = index++, Error = input.Error ?? output?.Refuse(input) };
            }
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private IEnumerable<CaptionInput> Open(string spelled)
    {
        var path = Path.GetFullPath(spelled, workingFolder);
        if (Directory.Exists(path))
        {
            return Walk(spelled, spelled, path, _ => true, _ => true);
        }

        if (IsMisread(path))
        {
            return [NotUtf8(spelled)];
        }

        if (!Path.Exists(path) && GlobPattern.IsPattern(spelled))
        {
            var glob = GlobPattern.Parse(spelled);
            return Walk(spelled, glob.FixedFolder, Path.GetFullPath(glob.FixedFolder, workingFolder), glob.CanHold, glob.IsMatch);
        }

        return File.Exists(path)
            ? [new CaptionInput(0, spelled, path, _naming.NameOf(path, SharesName(path, _named.Contains)))]
            : [Failed(spelled, "source.missing", "no such file or folder", "check the spelling; paths start from the working folder")];
    }

    private IEnumerable<CaptionInput> Walk(
        string spelled, string shownFolder, string folder, Func<string, bool> canHold, Func<string, bool> isMatch)
    {
        var found = false;
        var skippedBefore = Skipped;
        foreach (var (relative, unreadable) in new FolderWalk(folder, canHold).Files())
        {
            var path = Path.Join(folder, relative);
            var shown = Show(shownFolder, relative);
            if (unreadable is not null)
            {
                found = true;
                yield return IsMisread(path)
                    ? NotUtf8(shown)
                    : Failed(shown, "source.unreadable", "the folder cannot be read", "check that it is there and its permissions");
            }
            else if (isMatch(relative))
            {
                if (!MediaNames.IsMedia(path))
                {
                    Skipped++;
                    continue;
                }

                found = true;
                if (IsMisread(path))
                {
                    yield return NotUtf8(shown);
                    continue;
                }

                var sharesName = SharesName(
                    path, other => _named.Contains(other) || (File.Exists(other) && isMatch(Path.GetRelativePath(folder, other))));
                yield return new CaptionInput(0, shown, path, _naming.NameOf(path, sharesName));
            }
        }

        if (!found)
        {
            yield return Failed(
                spelled,
                "source.empty",
                Skipped == skippedBefore ? "no picture or video there" : $"no picture or video there ({OtherFiles(Skipped - skippedBefore)} skipped)",
                "name a picture, a video, or a folder that holds some");
        }
    }

    /// <summary>So many files that are neither pictures nor videos, in words.</summary>
    public static string OtherFiles(int count) => count == 1 ? "1 other file" : $"{count} other files";

    /// <summary>The runtime reads bytes that are not UTF-8 as U+FFFD, and no file has the name that comes of it.</summary>
    private static bool IsMisread(string path) => path.Contains('\uFFFD', StringComparison.Ordinal) && !Path.Exists(path);

    private static CaptionInput NotUtf8(string source) => Failed(source, "source.name", "its name is not valid UTF-8", "rename it");

    private static bool SharesName(string path, Func<string, bool> isSource)
    {
        if (!MediaNames.HasMediaExtension(path))
        {
            return false;
        }

        var stem = Path.ChangeExtension(path, null);
        return MediaNames.Extensions
            .SelectMany(extension => new[] { stem + extension, stem + extension.ToUpperInvariant() })
            .Append(stem)
            .Any(other => other != path && isSource(other));
    }

    private static string Show(string folder, string relative) => folder is "" or "." or "./" ? relative : Path.Join(folder, relative);

    private static CaptionInput Failed(string source, string code, string message, string hint) =>
        new(0, source, null, "", new PipelineException(code, $"{source}: {message}", hint));
}
