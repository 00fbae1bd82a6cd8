using System.ComponentModel;
using System.Diagnostics;
using CliWrap;

namespace Pipeline.Media;

/// <summary>One ffmpeg or ffprobe process: its output read on demand, its end awaited, killed with its children when dropped.</summary>
internal sealed class FfmpegProcess : IAsyncDisposable
{
    private readonly string _name;
    private readonly string _path;
    private readonly TimeSpan _limit;
    private readonly CancellationTokenSource _kill = new();
    private readonly TaskCompletionSource<Stream> _output = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task<int> _exit;

    /// <param name="program">Full path of the program.</param>
    /// <param name="arguments">Its arguments, one an element: never joined by hand, so that no file name can add one.</param>
    /// <param name="path">The media file as the user named it, for messages.</param>
    /// <param name="limit">How long the child may keep a reader waiting before it is killed.</param>
    /// <param name="lineFilter">Sees each line of the error output first; a line for which it returns true is not kept.</param>
    public FfmpegProcess(
        string program, IReadOnlyList<string> arguments, string path, TimeSpan limit, Func<string, bool>? lineFilter = null)
    {
        _name = Path.GetFileNameWithoutExtension(program);
        _path = path;
        _limit = limit;
        Errors = new ErrorTail(lineFilter);
        var command = Cli.Wrap(program)
            .WithArguments(arguments)
            .WithValidation(CommandResultValidation.None)
            .WithResourcePolicy(policy => policy.SetPriority(ProcessPriorityClass.BelowNormal))
            .WithStandardOutputPipe(PipeTarget.Create(LendOutputAsync))
            .WithStandardErrorPipe(PipeTarget.Create((stream, _) => Errors.DrainAsync(stream)));
        try
        {
            _exit = AwaitExitAsync(command.ExecuteAsync(_kill.Token));
        }
        catch (Win32Exception missing)
        {
            _kill.Dispose();
            throw new PipelineException(
                "media.ffmpeg-missing", $"{program}: {missing.Message}", "install ffmpeg, or set media.ffmpeg and media.ffprobe",
                inner: missing);
        }
    }

    /// <summary>The last lines that the child wrote to its error output.</summary>
    public ErrorTail Errors { get; }

    /// <summary>Fills <paramref name="buffer"/>; returns fewer bytes only at the end of the output.</summary>
    public async Task<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        var filled = 0;
        for (var read = -1; read != 0 && filled < buffer.Length; filled += read)
        {
            read = await ReadSomeAsync(buffer[filled..], cancellation);
        }

        return filled;
    }

    /// <summary>Hands the whole output, line by line, to <paramref name="onLine"/>.</summary>
    public Task ReadLinesAsync(Action<string> onLine, CancellationToken cancellation) =>
        BoundedLines.ReadAsync(buffer => ReadSomeAsync(buffer, cancellation), onLine);

    /// <summary>Awaits the child's end, after its output was read.</summary>
    /// <returns>Whether it reported success.</returns>
    /// <exception cref="PipelineException"><c>media.child-killed</c>: a signal ended it.</exception>
    public async Task<bool> EndAsync(CancellationToken cancellation)
    {
        _released.TrySetResult();
        var code = await GuardAsync(() => _exit, cancellation);

        // A shell's convention, which .NET follows: 128 + signal. ffmpeg answers 255 where it caught the signal itself.
        return code is (> 128 and < 160) or 255
            ? throw new PipelineException(
                "media.child-killed", $"{_path}: {_name} was killed (exit code {code})", "it is tried again", FailureKind.Own)
            : code == 0;
    }

    public async ValueTask DisposeAsync()
    {
        await _kill.CancelAsync();
        _released.TrySetResult();
        await _exit;
        _kill.Dispose();
    }

    private Task<int> ReadSomeAsync(Memory<byte> buffer, CancellationToken cancellation) => GuardAsync(
        async () =>
        {
            try
            {
                // The pipe ends when the child is killed, so the read itself needs no token.
                return await (await _output.Task).ReadAsync(buffer, CancellationToken.None);
            }
            catch (Exception error) when (error is IOException or ObjectDisposedException && _kill.IsCancellationRequested)
            {
                return 0;
            }
        },
        cancellation);

    private async Task LendOutputAsync(Stream output, CancellationToken cancellation)
    {
        _output.SetResult(output);
        await _released.Task;
    }

    private async Task<int> AwaitExitAsync(CommandTask<CommandResult> run)
    {
        MediaMeters.ChildStarted();
        try
        {
            return (await run).ExitCode;
        }
        catch (OperationCanceledException)
        {
            return -1;
        }
        finally
        {
            MediaMeters.ChildEnded();
        }
    }

    /// <summary>Awaits the child; kills it when cancelled or silent for too long.</summary>
    private async Task<int> GuardAsync(Func<Task<int>> wait, CancellationToken cancellation)
    {
        int result;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_limit);
        await using (limit.Token.Register(_kill.Cancel))
        {
            result = await wait();
        }

        if (_kill.IsCancellationRequested)
        {
            cancellation.ThrowIfCancellationRequested();
            throw new PipelineException(
                "media.child-timeout",
                $"{_path}: {_name} gave no answer within {_limit.TotalSeconds:0.###} s and was killed",
                "raise pipeline.media.child-timeout if the file is slow to read",
                FailureKind.Own);
        }

        return result;
    }
}
