using Pipeline.Kernels;
using Pipeline.Model;

namespace Pipeline.Bench;

/// <summary>The language model with room for every workload of a plan: passes, and pages that no two sequences share.</summary>
internal sealed class TextBench
{
    private const int Seed = 1;

    private readonly BenchPlan _plan;
    private readonly TextPass _prefill;
    private readonly TextPass _decode;
    private readonly int[][] _pages;
    private readonly int[] _promptPages;
    private readonly int[] _ids;
    private readonly TokenChoice[] _choices;

    public TextBench(Llama4Model model, ModelCost cost, BenchPlan plan)
    {
        var text = model.Config.Text;
        var cache = new KvCache(model.Device, text, (int)Pages(plan, text), KvCache.PageTokensFor(text, plan.PageTokens));
        (_plan, Cost) = (plan, cost);
        Experts = new CountingExperts(model.Text, cost);
        _prefill = new TextPass(model.Text, cache, Experts, plan.PrefillRows, maxSequences: 1, maxOutputs: 1);
        _decode = new TextPass(model.Text, cache, Experts, plan.MostSequences, plan.MostSequences, plan.MostSequences);
        _choices = new TokenChoice[plan.MostSequences];
        var each = cache.PagesFor(plan.SequenceLength);
        _pages = [.. Enumerable.Range(0, plan.MostSequences).Select(i => Enumerable.Range(i * each, each).ToArray())];
        _promptPages = [.. Enumerable.Range(plan.MostSequences * each, cache.PagesFor(plan.LongestPrompt))];

        // Fixed tokens: every run routes its rows alike, whatever the model would have said.
        var random = new Random(Seed);
        var most = Math.Max(plan.LongestPrompt, plan.MostSequences + plan.SequenceLength);
        _ids = [.. Enumerable.Range(0, most).Select(_ => random.Next(text.VocabularySize))];
    }

    public ModelCost Cost { get; }

    public CountingExperts Experts { get; }

    /// <summary>Bytes of keys and values and of both passes' scratch.</summary>
    public static long Bytes(Checkpoints.TextConfig text, BenchPlan plan)
    {
        var page = KvCache.PageTokensFor(text, plan.PageTokens);
        return (Pages(plan, text) * KvCache.PageBytes(text, page))
            + TextPass.Bytes(text, plan.PrefillRows, 1, routedExperts: true)
            + TextPass.Bytes(text, plan.MostSequences, plan.MostSequences, routedExperts: true);
    }

    /// <summary>Runs a prompt from its first token to the logits of its last.</summary>
    public void RunPrompt(int tokens, CancellationToken cancellation) => Prefill(_promptPages, _ids.AsSpan(0, tokens), cancellation);

    /// <summary>Gives the first sequences their context.</summary>
    public void RunContexts(int sequences, CancellationToken cancellation)
    {
        for (var i = 0; i < sequences; i++)
        {
            Prefill(_pages[i], Ids(i)[.._plan.Context], cancellation);
        }
    }

    /// <summary>Decodes a token of each of the first sequences.</summary>
    public void RunStep(int sequences, int position, CancellationToken cancellation)
    {
        _decode.Step.Clear();
        for (var i = 0; i < sequences; i++)
        {
            _decode.Step.BeginSequence(_pages[i], _pages[i]);
            _decode.Step.AddOutput(_decode.Step.AddToken(Ids(i)[position], position, RowRole.Generated));
        }

        Finish(_decode, cancellation);
    }

    private static long Pages(BenchPlan plan, Checkpoints.TextConfig text)
    {
        var page = KvCache.PageTokensFor(text, plan.PageTokens);
        return (plan.MostSequences * PagesOf(plan.SequenceLength)) + PagesOf(plan.LongestPrompt);

        long PagesOf(int tokens) => (tokens + page - 1) / page;
    }

    // Each sequence begins a token later than the one before: no two are alike.
    private ReadOnlySpan<int> Ids(int sequence) => _ids.AsSpan(sequence, _plan.SequenceLength);

    private void Prefill(int[] pages, ReadOnlySpan<int> ids, CancellationToken cancellation)
    {
        for (var first = 0; first < ids.Length; first += _plan.PrefillRows)
        {
            var end = Math.Min(ids.Length, first + _plan.PrefillRows);
            _prefill.Step.Clear();
            _prefill.Step.BeginSequence(pages, pages);
            for (var position = first; position < end; position++)
            {
                var row = _prefill.Step.AddToken(ids[position], position, RowRole.Prompt);
                if (position == ids.Length - 1)
                {
                    _prefill.Step.AddOutput(row);
                }
            }

            Finish(_prefill, cancellation);
        }
    }

    // A pass without outputs leaves nothing to wait for: reading the choices of the last one waits for all.
    private void Finish(TextPass pass, CancellationToken cancellation)
    {
        pass.Start();
        while (pass.Advance() != PassState.Done)
        {
            cancellation.ThrowIfCancellationRequested();
        }

        if (pass.Table.Outputs > 0)
        {
            pass.ReadChoices(_choices);
        }
    }
}

/// <summary>A prompt of some length, from its first token to the logits of its last.</summary>
internal sealed class PrefillWorkload(TextBench text, int tokens) : Workload
{
    public override string Kind => "prefill";

    public override int Size => tokens;

    public override string SizeUnit => "tokens";

    public override int Yield => tokens;

    public override double Operations { get; } = text.Cost.TextOperations(0, tokens, outputs: 1);

    public override void Run(CancellationToken cancellation) => text.RunPrompt(tokens, cancellation);
}

/// <summary>Steps of some sequences together, a token of each a step.</summary>
internal sealed class DecodeWorkload(TextBench text, BenchPlan plan, int sequences) : Workload
{
    private double _bytes;

    public override string Kind => "decode";

    public override int Size => sequences;

    public override string SizeUnit => "sequences";

    public override int Yield => sequences * plan.Tokens;

    public override double Operations { get; } =
        sequences * text.Cost.TextOperations(plan.Context, plan.SequenceLength, outputs: plan.Tokens);

    public override double Bytes => _bytes;

    public override void Prepare(CancellationToken cancellation)
    {
        text.RunContexts(sequences, cancellation);
        var before = text.Experts.Bytes;
        text.Experts.Counts = true;
        Run(cancellation);
        text.Experts.Counts = false;
        _bytes = text.Experts.Bytes - before;
        for (var position = plan.Context; position < plan.SequenceLength; position++)
        {
            _bytes += text.Cost.StepBytes + (sequences * text.Cost.KeyValueBytes(position));
        }
    }

    public override void Run(CancellationToken cancellation)
    {
        for (var position = plan.Context; position < plan.SequenceLength; position++)
        {
            text.RunStep(sequences, position, cancellation);
        }
    }
}
