using Akka.Streams;
using Akka.Streams.Stage;
using Pipeline.Media;

namespace Pipeline.Engine.Graph;

/// <summary>
/// The pictures of a window, one a demand. It waits until the decoder has admitted the window and takes a turn among the media
/// processes before it opens the file; the reader waits for a share of <c>media.frames-in-flight</c> before each frame. The
/// reader is disposed, and with it its process, when the stage stops.
/// </summary>
internal sealed class FrameSource(CaptionWindow window, WindowScope scope, EngineServices services)
    : GraphStage<SourceShape<SampledFrame>>
{
    private readonly Outlet<SampledFrame> _out = new("Sample.out");
    private readonly WindowScope _scope = scope;

    public override SourceShape<SampledFrame> Shape => new(_out);

    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this);

    private async Task<SampledFrame?> ReadAsync(IAsyncEnumerator<Frame> frames, int picture)
    {
        if (!await frames.MoveNextAsync())
        {
            return null;
        }

        _scope.Hold(frames.Current);
        _scope.Truncated |= frames.Current.Truncated;
        return new SampledFrame(picture, frames.Current);
    }

    private async Task<(Gate.Lease Turn, IAsyncEnumerator<Frame> Frames)> OpenAsync()
    {
        await _scope.Admitted.Task;
        var turn = await services.MediaProcesses.EnterAsync(1, _scope.Ended);
        try
        {
            return (turn, services.Frames.ReadAsync(window.Media!, window.Pictures, _scope.Ended).GetAsyncEnumerator(_scope.Ended));
        }
        catch
        {
            turn.Dispose();
            throw;
        }
    }

    private sealed class Logic : OutGraphStageLogic
    {
        private readonly FrameSource _stage;
        private readonly Action<(SampledFrame? Frame, Exception? Error)> _read;
        private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Gate.Lease? _turn;
        private IAsyncEnumerator<Frame>? _frames;
        private Task _pending = Task.CompletedTask;
        private int _picture;

        public Logic(FrameSource stage)
            : base(stage.Shape)
        {
            _stage = stage;
            _read = GetAsyncCallback<(SampledFrame?, Exception?)>(OnRead);
            SetHandler(stage._out, this);
        }

        public override void OnPull() => _pending = ReadNextAsync();

        public override void PreStart() => _stage._scope.SourceClosed = _closed.Task;

        public override void PostStop() => _ = CloseAsync();

        private async Task ReadNextAsync()
        {
            try
            {
                if (_frames is null)
                {
                    (_turn, _frames) = await _stage.OpenAsync();
                }

                _read((await _stage.ReadAsync(_frames, _picture++), null));
            }
            catch (Exception exception)
            {
                _read((null, exception));
            }
        }

        private void OnRead((SampledFrame? Frame, Exception? Error) read)
        {
            if (read.Error is not null)
            {
                FailStage(read.Error);
            }
            else if (read.Frame is null)
            {
                CompleteStage();
            }
            else
            {
                Push(_stage._out, read.Frame);
            }
        }

        /// <summary>The enumerator may only be disposed when its last read has ended; the end of the scope makes it end.</summary>
        private async Task CloseAsync()
        {
            try
            {
                await _pending;
                if (_frames is not null)
                {
                    await _frames.DisposeAsync();
                }
            }
            finally
            {
                _turn?.Dispose();
                _closed.SetResult();
            }
        }
    }
}
