using System.Buffers;

namespace Pipeline.Server;

/// <summary>
/// An upload in a temporary file, which goes when this is disposed. Its name is locked meanwhile (shared, as its readers lock
/// it too), so that what a killed process left behind is known: <see cref="Sweep"/> takes it away.
/// </summary>
internal sealed class UploadFile : IAsyncDisposable
{
    private const string Prefix = "pipeline-upload-";
    private const int ChunkBytes = 1 << 16;

    private readonly FileStream _file;

    private UploadFile(FileStream file)
    {
        _file = file;
    }

    public string Path => _file.Name;

    /// <summary>Writes a request's body into a file of its own. What the body throws passes through.</summary>
    /// <exception cref="PipelineException">The disk takes no more.</exception>
    public static async Task<UploadFile> ReceiveAsync(Stream body, CancellationToken cancellation)
    {
        var upload = new UploadFile(OnDisk(() => Create(System.IO.Path.GetTempPath())));
        var chunk = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            int count;
            while ((count = await body.ReadAsync(chunk, cancellation)) > 0)
            {
                // Without a buffer, and so at once: this is where a full disk shows.
                OnDisk(() =>
                {
                    upload._file.Write(chunk, 0, count);
                    return true;
                });
            }

            return upload;
        }
        catch
        {
            await upload.DisposeAsync();
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }

    /// <summary>Deletes uploads of processes that ended without deleting them.</summary>
    public static void Sweep()
    {
        var folder = new DirectoryInfo(System.IO.Path.GetTempPath());
        foreach (var path in folder.Exists ? Directory.GetFiles(folder.FullName, Prefix + "*") : [])
        {
            try
            {
                using var left = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
                File.Delete(path);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // Another process's upload, or another user's.
            }
        }
    }

    public ValueTask DisposeAsync() => _file.DisposeAsync();

    private static FileStream Create(string folder)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.ReadWrite | FileShare.Delete,
            Options = FileOptions.DeleteOnClose,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(System.IO.Path.Join(folder, Prefix + System.IO.Path.GetRandomFileName()), options);
    }

    private static T OnDisk<T>(Func<T> act)
    {
        try
        {
            return act();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new PipelineException(
                "server.disk", $"the upload cannot be stored: {failure.Message}", "make room in the temporary folder (TMPDIR)", FailureKind.Outside, failure);
        }
    }
}
