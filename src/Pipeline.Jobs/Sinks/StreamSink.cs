using System.Text;

namespace Pipeline.Jobs.Sinks;

/// <summary>
/// Results on a stream that others read, such as standard output: each is on its way when its call returns. A reader that
/// is gone shows as the stream's own <see cref="IOException"/>.
/// </summary>
public sealed class StreamSink(Stream stream, string name, ResultFormat format) : IResultSink
{
    private const int BrokenPipe = 32; // EPIPE, the same on Linux and macOS

    private int _written;
    private int _streamed; // characters of the next caption that are out already

    public async ValueTask StreamAsync(CaptionInput input, string text, CancellationToken cancellation)
    {
        if (format.Streams)
        {
            await PutAsync(format.Piece(text), cancellation);
            _streamed += text.Length;
        }
    }

    public async ValueTask WriteAsync(CaptionInput input, CaptionResult result, CancellationToken cancellation)
    {
        var rest = result switch
        {
            _ when _streamed == 0 => format.Write(result, _written + 1),
            Caption caption => format.Write(caption with { Text = caption.Text[_streamed..] }, _written + 1),
            _ => "\n", // ends the line that the failed caption began
        };
        _streamed = 0;
        if (rest.Length > 0)
        {
            await PutAsync(_written == 0 ? format.Header + rest : rest, cancellation);
            _written++;
        }
    }

    /// <summary>Whether a stream's reader is gone, as after <c>| head</c>: the end of a run, not its failure.</summary>
    public static bool IsClosed(IOException failure) => failure.HResult == BrokenPipe;

    public ValueTask CompleteAsync(CancellationToken cancellation) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => stream.DisposeAsync();

    private async ValueTask PutAsync(string text, CancellationToken cancellation)
    {
        try
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes(text), cancellation);
            await stream.FlushAsync(cancellation);
        }
        catch (IOException failure) when (!IsClosed(failure))
        {
            throw OutputFailure.Of(name, failure, hint: null);
        }
    }
}
