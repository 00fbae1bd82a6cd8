namespace Pipeline.Media;

/// <summary>A file on disk that was opened once: it exists, it can be read, and its first bytes say what it may be.</summary>
/// <param name="GivenPath">The path as the user wrote it.</param>
/// <param name="Format">The picture or container format that its first bytes show, or null: ffprobe decides.</param>
internal sealed record MediaSource(string GivenPath, FileSignature? Format)
{
    /// <summary>
    /// What the children are given: the protocol named and the path absolute, so that no name is taken for an option,
    /// a protocol or a list.
    /// </summary>
    public string Url { get; } = "file:" + Path.GetFullPath(GivenPath);

    /// <summary>Looks at the file without a child.</summary>
    /// <exception cref="PipelineException">It is missing, a folder, unreadable, empty, or a list of other files.</exception>
    public static MediaSource Open(string path)
    {
        if (Directory.Exists(path))
        {
            throw new PipelineException("media.folder", $"{path}: is a folder", "name a file, or caption the folder's files with its path");
        }

        try
        {
            // Asked before it is opened: a named pipe has no length, and opening one waits for its writer.
            if (new FileInfo(path).Length == 0)
            {
                throw Empty(path);
            }

            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1);
            return Read(path, file);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new PipelineException("media.not-found", $"{path}: no such file", "check the path", inner: error);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new PipelineException(
                "media.not-readable", $"{path}: no permission to read it", "change its permissions, or run as a user who may", inner: error);
        }
        catch (IOException error)
        {
            throw new PipelineException("media.not-readable", $"{path}: {error.Message}", "check the disk", FailureKind.Outside, error);
        }
    }

    private static MediaSource Read(string path, FileStream file)
    {
        Span<byte> header = stackalloc byte[FileSignature.HeaderBytes];
        header = header[..file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false)];
        return header.IsEmpty
            ? throw Empty(path)
            : FileSignature.IsPlaylist(header)
            ? throw new PipelineException(
                "media.playlist", $"{path}: is a playlist, which names other files", "name the video files themselves")
            : new MediaSource(path, FileSignature.Of(header));
    }

    private static PipelineException Empty(string path) => new("media.empty", $"{path}: the file is empty", "copy it again");
}
