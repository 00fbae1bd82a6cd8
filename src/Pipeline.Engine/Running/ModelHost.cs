using Pipeline.Checkpoints;
using Pipeline.Engine.Configuration;
using Pipeline.Engine.Scheduling;
using Pipeline.Kernels;
using Pipeline.Model;

namespace Pipeline.Engine.Running;

/// <summary>An engine's model on a device, with its KV pools and one pass for each kind of run: made once, on the device's thread, which alone uses it.</summary>
internal sealed class ModelHost
{
    private readonly SchedulerLimits _limits;
    private readonly Sampler _sampler;
    private readonly float[] _logits;

    public ModelHost(IDevice device, Checkpoint checkpoint, EngineSettings settings, IExpertsFactory experts, Action wake)
    {
        var text = checkpoint.Config.Text;
        var decoder = settings.Decoder;
        var pageTokens = KvCache.PageTokensFor(text, decoder.PageTokens);
        var pages = (int)Math.Min(decoder.KvBytes / KvCache.PageBytes(text, pageTokens), int.MaxValue);
        if (pages == 0)
        {
            throw new SettingsException(
                $"pipeline.decoder.kv-bytes = {decoder.KvBytes}: one KV page of {pageTokens} tokens takes {KvCache.PageBytes(text, pageTokens)}",
                "raise pipeline.decoder.kv-bytes or lower pipeline.decoder.page-tokens");
        }

        var model = new Llama4Model(device, checkpoint, experts.OnDevice);
        var rows = settings.Engine.PrefillRows;
        Cache = new KvCache(device, text, pages, pageTokens);
        _limits = new SchedulerLimits(decoder.Sessions, pageTokens, rows, decoder.MicroBatches);
        Decode = [.. Enumerable.Range(0, decoder.MicroBatches).Select(_ => CreatePass(urgent: true, decoder.DecodeRows, decoder.DecodeRows))];
        Prefill = CreatePass(urgent: false, rows, Math.Min(rows, decoder.Sessions));
        Vision = model.Vision is null ? null : new VisionPass(model.Vision, settings.Vision.BatchTiles);
        HiddenSize = text.HiddenSize;
        _sampler = new Sampler(text.VocabularySize);
        _logits = new float[text.VocabularySize];

        TextPass CreatePass(bool urgent, int maxRows, int maxSequences) =>
            new(model.Text, Cache, experts.Create(model.Text, urgent, wake), maxRows, maxSequences, maxSequences);
    }

    public int HiddenSize { get; }

    public KvCache Cache { get; }

    /// <summary>One a micro-batch.</summary>
    public IReadOnlyList<TextPass> Decode { get; }

    public TextPass Prefill { get; }

    /// <summary>Null where the model has no vision encoder.</summary>
    public VisionPass? Vision { get; }

    /// <summary>A scheduler with an empty page table.</summary>
    public Scheduler CreateScheduler() => new(
        _limits,
        Enum.GetValues<AttentionKind>().Where(Cache.Uses).ToDictionary(kind => kind, _ => new PagePool(Cache.Pages)));

    /// <summary>Turns the device's best tokens of a finished pass into what each session's settings choose.</summary>
    public void Choose(TextPass pass, int output, Session session, ref TokenChoice choice)
    {
        var options = session.Settings.Sampling;
        if (!choice.Finite || options.TakesRawBest(session.Generated))
        {
            return;
        }

        pass.ReadLogits(output, _logits);
        choice = _sampler.Sample(_logits, session.History, options);
        session.History.Append(choice.Token);
    }
}
