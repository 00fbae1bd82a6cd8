using Pipeline.Checkpoints;
using Pipeline.Engine.Running;
using Pipeline.Kernels;
using Pipeline.Model;

namespace Pipeline.Cluster.Tests.Shards;

/// <summary>One sequence through a model on a device thread, with whatever experts it is given.</summary>
internal sealed class ModelSession
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TextPass _pass;
    private readonly int[] _pages;
    private readonly int _vocabulary;
    private int _length;

    public ModelSession(IDevice device, Checkpoint checkpoint, IExpertsFactory factory, int rows, Action wake)
    {
        var model = new Llama4Model(device, checkpoint, factory.OnDevice);
        var text = checkpoint.Config.Text;
        var cache = new KvCache(device, text, pages: 16, KvCache.PageTokensFor(text, 16));
        _pages = [.. Enumerable.Range(0, cache.Pages)];
        _vocabulary = text.VocabularySize;
        _pass = new TextPass(model.Text, cache, factory.Create(model.Text, urgent: true, wake), rows, maxSequences: 1, rows);
    }

    public int Best { get; private set; }

    public async Task<float[]> RunAsync(DeviceLane lane, int[] ids, RowRole role)
    {
        await lane.Post(_ =>
        {
            _pass.Step.Clear();
            _pass.Step.BeginSequence(_pages, _pages);
            foreach (var id in ids)
            {
                _pass.Step.AddOutput(_pass.Step.AddToken(id, _length++, role));
            }

            _pass.Start();
            return true;
        });

        // Each post is a turn of the thread, between which it serves the store.
        var waited = System.Diagnostics.Stopwatch.StartNew();
        for (var state = PassState.Running; state != PassState.Done; state = await lane.Post(_ => _pass.Advance()))
        {
            Assert.NotEqual(PassState.Failed, state);
            Assert.InRange(waited.Elapsed, TimeSpan.Zero, Patience);
        }

        return await lane.Post(_ =>
        {
            var logits = new float[ids.Length * _vocabulary];
            var choices = new TokenChoice[ids.Length];
            _pass.ReadChoices(choices);
            Best = choices[^1].Token;
            for (var i = 0; i < ids.Length; i++)
            {
                _pass.ReadLogits(i, logits.AsSpan(i * _vocabulary, _vocabulary));
            }

            return logits;
        });
    }
}
