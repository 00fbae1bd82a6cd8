using System.Diagnostics;

namespace Pipeline.Media.Tests;

/// <summary>A temporary folder in which the real ffmpeg makes media; at its end nothing may be left alive.</summary>
public abstract class MediaLab : IDisposable
{
    /// <summary>Stripes that spell a frame's number in binary, most significant to the right, each 8 pixels wide.</summary>
    protected const int BarcodeWidth = 128;

    protected static readonly MediaOptions Defaults = new(
        "ffmpeg", "ffprobe", FramesInFlight: 16, MaxPixels: 100_000_000, TimeSpan.FromSeconds(60), ChildThreads: 1, ProbePackets: 1024);

    private readonly List<FrameReader> _readers = [];

    protected string Folder { get; } = Directory.CreateTempSubdirectory("pipeline-media-").FullName;

    public void Dispose()
    {
        foreach (var reader in _readers)
        {
            reader.Dispose();
        }

        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    protected string At(string name) => Path.Combine(Folder, name);

    /// <summary>Runs ffmpeg in the folder.</summary>
    protected void Ffmpeg(params string[] arguments) => Run("ffmpeg", ["-v", "error", "-y", "-nostdin", .. arguments]);

    /// <summary>The lavfi source of <paramref name="frames"/> frames, each showing its number as a barcode.</summary>
    protected static string Barcode(int frames, string rate = "25", int height = 32) =>
        FormattableString.Invariant(
            $"nullsrc=s={BarcodeWidth}x{height}:r={rate},geq=lum='if(bitand(N\\,pow(2\\,floor(X/8)))\\,235\\,16)':cb=128:cr=128,trim=end_frame={frames}");

    protected string Clip(string name, int frames, params string[] encoder)
    {
        Ffmpeg(["-f", "lavfi", "-i", Barcode(frames), .. encoder, name]);
        return At(name);
    }

    protected void Run(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = Folder, UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEnd();
        output.Wait();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program}: {errors}");
    }

    protected Task<MediaInfo> ProbeAsync(string path, MediaOptions? options = null)
    {
        options ??= Defaults;
        return new MediaProbe(FfmpegTools.Find(options), options).ProbeAsync(path, CancellationToken.None);
    }

    protected FrameReader Reader(MediaOptions? options = null)
    {
        options ??= Defaults;
        _readers.Add(new FrameReader(FfmpegTools.Find(options), options));
        return _readers[^1];
    }

    /// <summary>Probes and reads; each frame is looked at by <paramref name="look"/> and given back before the next.</summary>
    protected async Task<List<T>> ReadAsync<T>(string path, int frames, Func<Frame, T> look, MediaOptions? options = null)
    {
        var info = await ProbeAsync(path, options);
        var seen = new List<T>();
        await foreach (var frame in Reader(options).ReadAsync(info, frames))
        {
            using (frame)
            {
                Assert.Equal((info.Width, info.Height), (frame.Width, frame.Height));
                seen.Add(look(frame));
            }
        }

        return seen;
    }

    /// <summary>The numbers of the frames that were chosen.</summary>
    protected Task<List<int>> NumbersAsync(string path, int frames, MediaOptions? options = null) =>
        ReadAsync(path, frames, Number, options);

    /// <summary>Reads the barcode, at any size.</summary>
    protected static int Number(Frame frame)
    {
        var number = 0;
        for (var bit = 0; bit < BarcodeWidth / 8; bit++)
        {
            var x = ((bit * 8) + 4) * frame.Width / BarcodeWidth;
            number |= Pixel(frame, x, frame.Height / 2).Red > 128 ? 1 << bit : 0;
        }

        return number;
    }

    protected static (int Red, int Green, int Blue) Pixel(Frame frame, int x, int y)
    {
        var rgb = frame.Rgb.Span[(3 * ((y * frame.Width) + x))..];
        return (rgb[0], rgb[1], rgb[2]);
    }

    /// <summary>The numbers that the rule chooses of <paramref name="frames"/> evenly spaced frames.</summary>
    protected static IEnumerable<int> Even(int frames, int count) =>
        Enumerable.Range(0, count).Select(index => (int)Math.Ceiling((index * (frames - 1) / (double)(count - 1)) - 0.5));
}
