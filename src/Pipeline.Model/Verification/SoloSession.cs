using Pipeline.Kernels;

namespace Pipeline.Model;

/// <summary>One sequence alone with its own cache: a prompt in one step, then greedy tokens one by one.</summary>
internal sealed class SoloSession
{
    private const int PageTokens = 16;

    private readonly Llama4Model _model;
    private readonly int[] _pages;

    public SoloSession(Llama4Model model, int promptTokens, int maxTokens)
    {
        _model = model;
        var text = model.Config.Text;
        var pageTokens = KvCache.PageTokensFor(text, PageTokens);
        var cache = new KvCache(model.Device, text, (maxTokens + pageTokens - 1) / pageTokens, pageTokens);
        _pages = [.. Enumerable.Range(0, cache.Pages)];
        Pass = new TextPass(model.Text, cache, new LocalExperts(model.Text), promptTokens, maxSequences: 1, promptTokens);
    }

    public TextPass Pass { get; }

    private int Length { get; set; }

    /// <summary>Runs the whole prompt and wants the logits of each of its rows.</summary>
    /// <param name="ids">Token ids; the image token where a visual token stands.</param>
    /// <param name="visual">Visual tokens [n, hidden] in order.</param>
    public void Prefill(ReadOnlySpan<int> ids, ReadOnlySpan<float> visual)
    {
        Begin();
        foreach (var id in ids)
        {
            Pass.Step.AddOutput(visual.Length > 0 && id == _model.Config.ImageTokenId
                ? Pass.Step.AddVisual(Length++, RowRole.Prompt)
                : Pass.Step.AddToken(id, Length++, RowRole.Prompt));
        }

        Pass.SetVisual(0, visual);
        Finish();
    }

    /// <summary>Logits [outputs, vocabulary] of the last step.</summary>
    public float[] ReadLogits()
    {
        var columns = _model.Config.Text.VocabularySize;
        var logits = new float[Pass.Table.Outputs * columns];
        for (var i = 0; i < Pass.Table.Outputs; i++)
        {
            Pass.ReadLogits(i, logits.AsSpan(i * columns, columns));
        }

        return logits;
    }

    /// <summary>Goes on after the last step, the best token each time.</summary>
    public int[] Generate(int count)
    {
        var tokens = new int[count];
        for (var i = 0; i < count; i++)
        {
            var choices = new TokenChoice[Pass.Table.Outputs];
            Pass.ReadChoices(choices);
            tokens[i] = choices[^1].Token;
            Begin();
            Pass.Step.AddOutput(Pass.Step.AddToken(tokens[i], Length++, RowRole.Generated));
            Finish();
        }

        return tokens;
    }

    private void Begin()
    {
        Pass.Step.Clear();
        Pass.Step.BeginSequence(_pages, _pages);
    }

    private void Finish()
    {
        Pass.Start();
        while (Pass.Advance() != PassState.Done)
        {
        }
    }
}
