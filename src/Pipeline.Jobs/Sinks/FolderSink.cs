using System.Text;

namespace Pipeline.Jobs.Sinks;

/// <summary>A folder that takes a file of its own for each input.</summary>
/// <param name="Path">Absolute.</param>
/// <param name="Extension">The ending of its files, with its dot.</param>
/// <param name="Force">A file that is there is overwritten.</param>
/// <param name="SkipExisting">An input whose file is there is left out.</param>
public sealed record OutputFolder(string Path, string Extension, bool Force, bool SkipExisting)
{
    public string FileOf(CaptionInput input) => System.IO.Path.Join(Path, input.OutputName + Extension);

    /// <summary>Whether the input is left out of the run because its result is there.</summary>
    public bool HasResult(CaptionInput input) => SkipExisting && IsThere(input);

    /// <summary>Why an input cannot have its result written, known before any work on it; null where it can.</summary>
    public PipelineException? Refuse(CaptionInput input) => !Force && IsThere(input)
        ? new PipelineException(
            "output.exists", $"{input.Source}: {FileOf(input)} is there already", "--force overwrites it, --skip-existing leaves it out")
        : null;

    private bool IsThere(CaptionInput input) => input.Path is not null && File.Exists(FileOf(input));
}

/// <summary>A file for each caption in a folder; each appears whole. Failures leave none, so that a later run finds them undone.</summary>
public sealed class FolderSink(OutputFolder folder, ResultFormat format) : IResultSink
{
    public ValueTask StreamAsync(CaptionInput input, string text, CancellationToken cancellation) => ValueTask.CompletedTask;

    public async ValueTask WriteAsync(CaptionInput input, CaptionResult result, CancellationToken cancellation)
    {
        if (result is not Caption)
        {
            return;
        }

        var path = folder.FileOf(input);
        var partial = path + ".partial";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            try
            {
                var text = format.Header + format.Write(result, number: 1);
                await File.WriteAllBytesAsync(partial, Encoding.UTF8.GetBytes(text), CancellationToken.None);
                File.Move(partial, path, folder.Force);
            }
            catch
            {
                File.Delete(partial);
                throw;
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw OutputFailure.Of(path, failure, OutputFailure.MakeRoom);
        }
    }

    public ValueTask CompleteAsync(CancellationToken cancellation) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
