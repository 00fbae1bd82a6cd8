using System.Diagnostics;
using Akka.Streams;
using Pipeline.Checkpoints;
using Pipeline.Composition;
using Pipeline.Engine;
using Pipeline.Engine.Decoding;
using Pipeline.Engine.Graph;
using Pipeline.Engine.Running;
using Pipeline.Kernels;
using Pipeline.Logging;
using Pipeline.Model;

namespace Pipeline.Benchmarks.Sharded;

/// <summary>What was counted while all sequences decoded.</summary>
/// <param name="Seconds">How long that was.</param>
/// <param name="Tokens">Of all sequences together.</param>
/// <param name="Busy">Processor time of this process.</param>
/// <param name="Collections">Of generations 1 and 2, in this process.</param>
/// <param name="Texts">Every sequence's tokens with the bits of their log-probabilities.</param>
internal sealed record Decoded(double Seconds, long Tokens, TimeSpan Busy, long Collections, IReadOnlyList<string> Texts)
{
    public double Rate => Tokens / Seconds;
}

/// <summary>A caption engine that decodes some sequences at once, for as long as all of them go on.</summary>
internal static class Decoding
{
    /// <summary>Tokens of a sequence that are not counted, at its beginning and at its end: others may not have begun, or have ended.</summary>
    private const int Margin = 4;

    /// <param name="settings">The engine's.</param>
    /// <param name="checkpoint">The model.</param>
    /// <param name="team">Threads of the device.</param>
    /// <param name="experts">Where the routed experts are.</param>
    /// <param name="sequences">How many.</param>
    /// <param name="tokens">That each decodes.</param>
    /// <param name="measured">Told when counting begins and ends.</param>
    public static async Task<Decoded> RunAsync(
        Settings settings, Checkpoint checkpoint, CpuTeam team, IExpertsFactory experts, int sequences, int tokens, Action measured)
    {
        var options = settings.Options;
        await using var lane = await DeviceLane.StartAsync(() => new PortableDevice(team), options.Engine.Slice);
        await using var engine = await CaptionEngine.StartAsync(
            system: null, checkpoint, options.EngineSettings, LogSetup.Bridge(settings.Akka, options.Log), readsMedia: false, new EngineDevice(lane, experts));
        using var materializer = engine.System.Materializer();
        var texts = Enumerable.Range(0, sequences).Select(i => GenerateAsync(engine, materializer, $"Sequence {i}", tokens)).ToArray();
        await Reach(engine.Decoder, (long)sequences * Margin);
        measured();
        var (from, begun) = (engine.Decoder.Tokens, Stopwatch.GetTimestamp());
        var (busy, collections) = (Environment.CpuUsage.TotalTime, Collections());
        await Reach(engine.Decoder, (long)sequences * (tokens - Margin));
        var (to, seconds) = (engine.Decoder.Tokens, Stopwatch.GetElapsedTime(begun).TotalSeconds);
        (busy, collections) = (Environment.CpuUsage.TotalTime - busy, Collections() - collections);
        measured();
        var ended = await Task.WhenAll(texts);
        return new Decoded(seconds, to - from, busy, collections, ended);
    }

    private static async Task<string> GenerateAsync(CaptionEngine engine, IMaterializer materializer, string prompt, int tokens)
    {
        var settings = new DecodeSettings(SamplingOptions.Best, tokens, []);
        var window = await engine.PlanAsync(new WindowRequest(prompt, Path: null, prompt, System: null, Raw: true, Frames: null, settings), default);
        var text = await engine.RunAsync(window, _ => { }, materializer, default);
        return string.Join(' ', text.Tokens.Select(token => $"{token.Token}:{BitConverter.SingleToInt32Bits(token.Logprob):x}"));
    }

    private static async Task Reach(DecoderMeters meters, long tokens)
    {
        while (meters.Tokens < tokens)
        {
            await Task.Delay(1);
        }
    }

    private static long Collections() => GC.CollectionCount(1);
}
