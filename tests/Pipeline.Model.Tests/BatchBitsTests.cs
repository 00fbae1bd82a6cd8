using System.Runtime.InteropServices;

namespace Pipeline.Model.Tests;

/// <summary>A session's logits are the same bits however it is cut into steps, on any number of threads, whoever runs beside it.</summary>
public sealed class BatchBitsTests
{
    private const int PageTokens = 8;
    private const int Neighbours = 15;

    [Theory]
    [MemberData(nameof(Golden.Names), MemberType = typeof(Golden))]
    public void Chunks_threads_and_neighbours_do_not_matter(string name)
    {
        foreach (var ids in new[] { "text.input_ids", "image.input_ids" })
        {
            var expected = WholeOnOneThread(name, ids);
            foreach (var threads in new[] { 1, 2, 3 })
            {
                using var golden = Golden.Open(name, threads);
                foreach (var chunk in new[] { 1, 7, 32, 100 })
                {
                    Same(expected, Run(golden, Session(golden, ids), chunk, neighbours: 0));
                    Same(expected, Run(golden, Session(golden, ids), chunk, Neighbours));
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Golden.Names), MemberType = typeof(Golden))]
    public void Decoding_token_by_token_gives_the_bits_of_prefilling(string name)
    {
        using var golden = Golden.Open(name);
        var ids = golden.Ids("text.input_ids");

        foreach (var prompt in new[] { 1, 31, 33, 64 })
        {
            var session = new BatchSession(ids, [], prompt);
            var batch = new Batch(golden.Model, PageTokens, pages: 13, ids.Length, maxSequences: 1);
            batch.Open(session);
            batch.Step((session, prompt));
            while (session.Left > 0)
            {
                batch.Step((session, 1));
            }

            Same(WholeOnOneThread(name, "text.input_ids"), session.Logits);
        }
    }

    [Fact]
    public void Experts_that_answer_later_give_the_same_bits()
    {
        using var golden = Golden.Open("top2");
        var session = Session(golden, "text.input_ids");
        var waited = 0;
        var batch = new Batch(golden.Model, PageTokens, pages: 13, session.Ids.Length, maxSequences: 1, new LateExperts(golden.Model.Text, refusals: 2))
        {
            Advanced = state => waited += state == PassState.Waiting ? 1 : 0,
        };
        batch.Open(session);

        batch.Step((session, session.Ids.Length));

        Assert.Equal(2 * golden.Model.Config.Text.LayerConfigs.Count(layer => layer.MixtureOfExperts), waited);
        Same(WholeOnOneThread("top2", "text.input_ids"), session.Logits);
    }

    [Fact]
    public void An_aborted_step_is_run_again_from_its_first_layer()
    {
        using var golden = Golden.Open("top2");
        var session = Session(golden, "text.input_ids");
        var experts = new LateExperts(golden.Model.Text, refusals: 1);
        var batch = new Batch(golden.Model, PageTokens, pages: 13, session.Ids.Length, maxSequences: 1, experts);
        batch.Open(session);
        for (var pieces = 1; pieces < 12; pieces++)
        {
            batch.Write((session, session.Ids.Length));
            batch.Pass.Start();
            for (var i = 0; i < pieces; i++)
            {
                batch.Pass.Advance();
            }
        }

        Assert.True(experts.Abandoned > 0, "a ticket was out when a step was aborted");
        batch.Step((session, session.Ids.Length));

        Same(WholeOnOneThread("top2", "text.input_ids"), session.Logits);
        Assert.Equal(experts.Begun, experts.Ended + experts.Abandoned);
    }

    [Fact]
    public void A_step_whose_experts_are_out_of_reach_fails_and_can_be_run_again()
    {
        using var golden = Golden.Open("top2");
        var session = Session(golden, "text.input_ids");
        var failure = new PipelineException("experts.out-of-reach", "nobody has them", "start a node", FailureKind.Outside);
        var experts = new LateExperts(golden.Model.Text, refusals: 1) { Failure = failure, FailsAt = 3 };
        var batch = new Batch(golden.Model, PageTokens, pages: 13, session.Ids.Length, maxSequences: 1, experts);
        batch.Open(session);
        batch.Write((session, session.Ids.Length));
        batch.Pass.Start();

        Assert.Equal(PassState.Failed, Last(batch.Pass));
        Assert.Same(failure, batch.Pass.Failure);
        batch.Pass.Abandon();
        batch.Step((session, session.Ids.Length));

        Assert.Null(batch.Pass.Failure);
        Same(WholeOnOneThread("top2", "text.input_ids"), session.Logits);
        Assert.Equal((0, experts.Begun - 1), (experts.Abandoned, experts.Ended));

        static PassState Last(TextPass pass)
        {
            while (true)
            {
                if (pass.Advance() is not (PassState.Running or PassState.Waiting) and var last)
                {
                    return last;
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Golden.Names), MemberType = typeof(Golden))]
    public void A_tile_yields_the_same_visual_tokens_in_any_batch(string name)
    {
        using var golden = Golden.Open(name, threads: 3);
        var pixels = golden.Reference.Find("image.pixel_values")!.ReadFloats();
        var pass = new VisionPass(golden.Model.Vision!, maxTiles: 5);
        var (tile, tokens) = (pass.TileElements, pass.TokenElements);
        var together = VisualTokens(golden);

        foreach (var (first, other) in new[] { (0, 1), (1, 0) })
        {
            for (var tiles = 1; tiles <= pass.MaxTiles; tiles++)
            {
                for (var i = 0; i < tiles; i++)
                {
                    pass.SetTiles(i, pixels.AsSpan((i == tiles - 1 ? first : other) * tile, tile));
                }

                pass.Start(tiles);
                while (pass.Advance() != PassState.Done)
                {
                }

                var alone = new float[tokens];
                pass.Read(tiles - 1, tiles: 1, alone);
                Same(together.AsSpan(first * tokens, tokens), alone);
            }
        }
    }

    private static float[] WholeOnOneThread(string name, string ids)
    {
        using var golden = Golden.Open(name, threads: 1);
        var session = Session(golden, ids);
        return Run(golden, session, session.Ids.Length, neighbours: 0);
    }

    private static BatchSession Session(Golden golden, string ids) =>
        new(golden.Ids(ids), ids.StartsWith("image", StringComparison.Ordinal) ? VisualTokens(golden) : [], golden.Ids(ids).Length);

    private static float[] VisualTokens(Golden golden)
    {
        var pixels = golden.Reference.Find("image.pixel_values")!.ReadFloats();
        var tiles = (int)golden.Reference.Find("image.pixel_values")!.Shape[0];
        var pass = new VisionPass(golden.Model.Vision!, tiles);
        pass.SetTiles(0, pixels);
        pass.Start(tiles);
        while (pass.Advance() != PassState.Done)
        {
        }

        var visual = new float[tiles * pass.TokenElements];
        pass.Read(0, tiles, visual);
        return visual;
    }

    private static float[] Run(Golden golden, BatchSession session, int chunk, int neighbours)
    {
        var random = new Random(chunk + neighbours);
        var others = Enumerable.Range(0, neighbours).Select(_ => Neighbour(golden, random)).ToList();
        var batch = new Batch(golden.Model, PageTokens, pages: 13 * (neighbours + 1), maxRows: 100 + (6 * neighbours), neighbours + 1);
        var all = others.Append(session).OrderBy(_ => random.Next()).ToArray();
        foreach (var each in all)
        {
            batch.Open(each);
        }

        while (session.Left > 0)
        {
            random.Shuffle(all);
            batch.Step([.. all
                .Select(each => (each, Rows: Math.Min(each.Left, each == session ? chunk : random.Next(7))))
                .Where(part => part.Rows > 0)]);
        }

        foreach (var each in all)
        {
            batch.Close(each);
        }

        batch.RequireNoLeak();
        return session.Logits;
    }

    private static BatchSession Neighbour(Golden golden, Random random)
    {
        var ids = new int[random.Next(1, 100)];
        foreach (ref var id in ids.AsSpan())
        {
            id = random.Next(golden.Model.Config.Text.VocabularySize);
        }

        return new BatchSession(ids, [], random.Next(ids.Length + 1));
    }

    private static void Same(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual) =>
        Assert.True(MemoryMarshal.Cast<float, int>(expected).SequenceEqual(MemoryMarshal.Cast<float, int>(actual)), "the bits differ");
}
