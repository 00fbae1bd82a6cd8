using System.Text;

namespace Pipeline.Jobs.Sinks;

/// <summary>
/// Results in one file, which grows as <c>FILE.partial</c> and takes its name when the run has ended by itself. It holds
/// whole results at any moment: what a full disk cut off is taken back.
/// </summary>
public sealed class FileSink : IResultSink
{
    private readonly string _path;
    private readonly bool _force;
    private readonly ResultFormat _format;
    private readonly FileStream _file;
    private int _written;
    private bool _completed;

    /// <exception cref="PipelineException">The file, or one that an earlier run left, is there and <paramref name="force"/> is not
    /// said; or it cannot be made.</exception>
    public FileSink(string path, bool force, ResultFormat format)
    {
        (_path, _force, _format) = (path, force, format);
        if (!force && File.Exists(path))
        {
            throw new PipelineException("output.exists", $"{path}: is there already", "--force overwrites it");
        }

        if (!force && File.Exists(PartialPath))
        {
            throw new PipelineException(
                "output.exists", $"{PartialPath}: holds results of an earlier run", "move it away, or --force overwrites it");
        }

        if (!Directory.Exists(Path.GetDirectoryName(path)))
        {
            throw new PipelineException("output.no-folder", $"{Path.GetDirectoryName(path)}: no such folder", "make it, or name another --output");
        }

        try
        {
            // No buffer: a result that was written is in the file whatever ends the process.
            _file = new FileStream(PartialPath, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw OutputFailure.Of(path, failure, OutputFailure.MakeRoom);
        }
    }

    public string? Unfinished => _completed || _written == 0 ? null : PartialPath;

    private string PartialPath => _path + ".partial";

    public ValueTask StreamAsync(CaptionInput input, string text, CancellationToken cancellation) => ValueTask.CompletedTask;

    public async ValueTask WriteAsync(CaptionInput input, CaptionResult result, CancellationToken cancellation)
    {
        var text = _format.Write(result, _written + 1);
        if (text.Length == 0)
        {
            return;
        }

        var end = _file.Position;
        try
        {
            // Not cancelled half-way: a line is written whole or taken back.
            await _file.WriteAsync(Encoding.UTF8.GetBytes(_written == 0 ? _format.Header + text : text), CancellationToken.None);
            _written++;
        }
        catch (IOException failure)
        {
            _file.SetLength(end);
            throw OutputFailure.Of(_path, failure, OutputFailure.MakeRoom);
        }
    }

    public async ValueTask CompleteAsync(CancellationToken cancellation)
    {
        if (_written == 0)
        {
            return; // an empty file would keep the next run from writing its results
        }

        try
        {
            _file.Flush(flushToDisk: true);
            await _file.DisposeAsync();
            File.Move(PartialPath, _path, _force);
            _completed = true;
        }
        catch (IOException failure)
        {
            throw OutputFailure.Of(_path, failure, OutputFailure.MakeRoom);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _file.DisposeAsync();
        if (!_completed && _written == 0)
        {
            File.Delete(PartialPath);
        }
    }
}
