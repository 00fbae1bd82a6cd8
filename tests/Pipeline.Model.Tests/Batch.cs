using Pipeline.Kernels;

namespace Pipeline.Model.Tests;

/// <summary>A sequence that is run in pieces; keeps the logits of every row.</summary>
internal sealed class BatchSession(int[] ids, float[] visual, int promptLength)
{
    public int[] Ids { get; } = ids;

    /// <summary>Visual tokens [n, hidden] in the order of the patch tokens.</summary>
    public float[] Visual { get; } = visual;

    public int PromptLength { get; } = promptLength;

    public int[] ChunkedPages { get; set; } = [];

    public int[] FullPages { get; set; } = [];

    /// <summary>Rows that were run.</summary>
    public int Done { get; set; }

    public int VisualDone { get; set; }

    public int Left => Ids.Length - Done;

    /// <summary>[tokens, vocabulary].</summary>
    public float[] Logits { get; set; } = [];
}

/// <summary>Runs several sessions together, some rows of each a step.</summary>
internal sealed class Batch
{
    private readonly Llama4Model _model;
    private readonly TextPass _pass;
    private readonly KvCache _cache;
    private readonly PagePool _chunked;
    private readonly PagePool _full;

    public Batch(Llama4Model model, int pageTokens, int pages, int maxRows, int maxSequences, IExperts? experts = null)
    {
        _model = model;
        _cache = new KvCache(model.Device, model.Config.Text, pages, pageTokens);
        (_chunked, _full) = (new PagePool(pages), new PagePool(pages));
        _pass = new TextPass(model.Text, _cache, experts ?? new LocalExperts(model.Text), maxRows, maxSequences, maxRows);
    }

    public TextPass Pass => _pass;

    /// <summary>Called after each Advance.</summary>
    public Action<PassState> Advanced { get; init; } = _ => { };

    public void Open(BatchSession session)
    {
        session.ChunkedPages = Allocate(_chunked);
        session.FullPages = Allocate(_full);
        session.Logits = new float[session.Ids.Length * _model.Config.Text.VocabularySize];

        int[] Allocate(PagePool pool)
        {
            var pages = new int[_cache.PagesFor(session.Ids.Length)];
            Assert.True(pool.TryAllocate(pages));
            return pages;
        }
    }

    public void Close(BatchSession session)
    {
        _chunked.Release(session.ChunkedPages);
        _full.Release(session.FullPages);
    }

    public void RequireNoLeak()
    {
        _chunked.ThrowIfLeaked();
        _full.ThrowIfLeaked();
    }

    /// <summary>One step: that many further rows of each session.</summary>
    public void Step(params ReadOnlySpan<(BatchSession Session, int Rows)> parts)
    {
        var firstVisual = Write(parts);
        _pass.Start();
        Finish();
        var (output, vocabulary) = (0, _model.Config.Text.VocabularySize);
        foreach (var (session, rows) in parts)
        {
            for (var i = 0; i < rows; i++)
            {
                _pass.ReadLogits(output++, session.Logits.AsSpan((session.Done + i) * vocabulary, vocabulary));
            }

            session.Done += rows;
        }

        Assert.Equal(firstVisual, _pass.Table.VisualRows);
    }

    public int Write(params ReadOnlySpan<(BatchSession Session, int Rows)> parts)
    {
        _pass.Step.Clear();
        var (visual, hidden) = (0, _model.Config.Text.HiddenSize);
        foreach (var (session, rows) in parts)
        {
            _pass.Step.BeginSequence(session.ChunkedPages, session.FullPages);
            for (var position = session.Done; position < session.Done + rows; position++)
            {
                var role = position < session.PromptLength ? RowRole.Prompt : RowRole.Generated;
                if (session.Visual.Length > 0 && session.Ids[position] == _model.Config.ImageTokenId)
                {
                    _pass.SetVisual(visual++, session.Visual.AsSpan(session.VisualDone++ * hidden, hidden));
                    _pass.Step.AddOutput(_pass.Step.AddVisual(position, role));
                }
                else
                {
                    _pass.Step.AddOutput(_pass.Step.AddToken(session.Ids[position], position, role));
                }
            }
        }

        return visual;
    }

    public void Finish()
    {
        PassState state;
        do
        {
            state = _pass.Advance();
            Advanced(state);
        }
        while (state != PassState.Done);
    }
}
