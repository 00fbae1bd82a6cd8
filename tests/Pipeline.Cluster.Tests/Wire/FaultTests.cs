using Pipeline.Cluster.Shards;
using Pipeline.Cluster.Wire;

namespace Pipeline.Cluster.Tests.Wire;

public sealed class FaultTests
{
    private static readonly ExpertsOptions Impatient = WireLab.DefaultOptions with { ResendAfter = TimeSpan.FromMilliseconds(100) };

    [Fact]
    public async Task Replies_delayed_reordered_doubled_and_lost_give_the_same_bits()
    {
        await using var lab = new WireLab(Impatient);
        await using var first = new FaultyProxy(lab.AddNode().Host, seed: 1) { Delay = TimeSpan.FromMilliseconds(8), Doubled = 0.2, Lost = 0.02 };
        await using var second = new FaultyProxy(lab.AddNode().Host, seed: 2) { Delay = TimeSpan.FromMilliseconds(8), Doubled = 0.2, Lost = 0.02 };
        lab.Directory.Set(shard => shard % 2 == 0 ? [first.Host, second.Host] : [second.Host]);
        var passes = Enumerable.Range(0, 3).Select(i => (Pass: lab.AddPass(urgent: i == 0), Random: new Random(i))).ToList();

        await Task.WhenAll(passes.Select(async each =>
        {
            for (var step = 0; step < TestCampaign.Iterations(60); step++)
            {
                await each.Pass.StepAsync(each.Random, step % WireLab.Layers, rows: 1 + each.Random.Next(64));
            }
        }));

        Assert.True(lab.Client.Meters.LateReplies > 0);
        Assert.True(lab.Client.Meters.Resends + lab.Client.Meters.Hedges > 0);
        Assert.Equal(0, lab.Client.Meters.ConnectionsBroken);
    }

    [Fact]
    public async Task A_reset_connection_is_known_at_once_and_the_request_sent_again()
    {
        // Only a reset can bring these steps to their end in time.
        await using var lab = new WireLab();
        await using var proxy = new FaultyProxy(lab.AddNode().Host, seed: 3);
        lab.Directory.Set(proxy.Host);
        var pass = lab.AddPass();
        var random = new Random(3);
        for (var step = 0; step < 20; step++)
        {
            var ticket = pass.Begin(random, step % WireLab.Layers, rows: 32);
            proxy.Cut();
            await pass.EndAsync(ticket);
        }

        Assert.True(lab.Client.Meters.Resends > 0);
    }

    [Fact]
    public async Task A_lost_node_is_replaced_by_its_replica()
    {
        await using var lab = new WireLab();
        var (first, second) = (lab.AddNode(), lab.AddNode());
        lab.Directory.Set(first.Host, second.Host);
        var pass = lab.AddPass();
        await pass.StepAsync(new Random(1), layer: 0, rows: 8);

        first.Store.Close();
        var ticket = pass.Begin(new Random(2), layer: 1, rows: 8);
        await Eventually.IsTrue(() => first.Store.Waiting.Length > 0, "the first node has requests");
        await first.Listener.DisposeAsync();
        await pass.EndAsync(ticket);

        Assert.True(second.Store.Served > 0);
        first.Store.Open();
    }

    [Fact]
    public async Task A_node_that_comes_back_goes_on()
    {
        await using var lab = new WireLab();
        var node = lab.AddNode();
        lab.Directory.Set(node.Host);
        var pass = lab.AddPass();
        await pass.StepAsync(new Random(1), layer: 0, rows: 8);
        await node.Listener.DisposeAsync();

        var ticket = pass.Begin(new Random(2), layer: 1, rows: 8);
        await Eventually.IsTrue(() => lab.Client.Meters.Resends > 0, "the request was sent again in vain");
        lab.AddNode(node.Host.Port);
        await pass.EndAsync(ticket);
    }

    [Fact]
    public async Task What_an_engine_asked_before_it_was_killed_is_not_wanted_any_more()
    {
        await using var lab = new WireLab();
        var node = lab.AddNode();
        lab.Directory.Set(node.Host);
        var pass = lab.AddPass();
        node.Store.Close();
        var ticket = pass.Begin(new Random(1), layer: 0, rows: 16);
        await Eventually.IsTrue(() => node.Store.Waiting.Length == 4, "all shards were asked");
        var asked = node.Store.Waiting;
        Assert.All(asked, request => Assert.True(request.IsWanted));

        await lab.Client.DisposeAsync();

        await Eventually.IsTrue(() => Array.TrueForAll(asked, request => !request.IsWanted), "nobody waits for them");
        Assert.Equal("experts.closed", Assert.Throws<PipelineException>(() => pass.Experts.TryEnd(ticket)).Code);
    }

    [Fact]
    public async Task A_new_host_is_connected_to_before_it_is_asked()
    {
        await using var lab = new WireLab();
        var (node, other) = (lab.AddNode(), lab.AddNode());
        lab.Directory.Set(shard => shard == 3 ? [node.Host, other.Host] : [node.Host]);

        await Eventually.IsTrue(() => node.Listener.Meters.Open == 1 && other.Listener.Meters.Open == 1, "both are connected to, once");
        Assert.Equal(0, lab.Client.Meters.Requests);
    }

    [Fact]
    public async Task Experts_that_nobody_holds_are_waited_for()
    {
        await using var lab = new WireLab();
        var (first, second) = (lab.AddNode(), lab.AddNode());
        first.Store.Outcome = _ => ExpertOutcome.NotHeld;
        lab.Directory.Set(first.Host);
        var pass = lab.AddPass();

        var ticket = pass.Begin(new Random(1), layer: 0, rows: 8);
        await Eventually.IsTrue(() => lab.Client.Meters.NotHeld > 8, "the host refuses again and again");
        lab.Directory.Set(first.Host, second.Host);
        await pass.EndAsync(ticket);

        lab.Directory.Set();
        ticket = pass.Begin(new Random(2), layer: 1, rows: 8);
        Assert.False(pass.Experts.TryEnd(ticket));
        lab.Directory.Set(ExpertHost.Local);
        await pass.EndAsync(ticket);
    }

    [Fact]
    public async Task After_the_deadline_the_ticket_fails_and_says_why()
    {
        await using var lab = new WireLab(WireLab.DefaultOptions with { Deadline = TimeSpan.FromMilliseconds(200) });
        lab.Directory.Reason = _ => "no expert node has room: 1.2 GB are missing";
        var pass = lab.AddPass();

        var failure = await Assert.ThrowsAsync<PipelineException>(() => pass.StepAsync(new Random(1), layer: 0, rows: 8));

        Assert.Equal("experts.unreachable", failure.Code);
        Assert.Equal(FailureKind.Outside, failure.Kind);
        Assert.Contains("1.2 GB are missing", failure.Message, StringComparison.Ordinal);
        Assert.Contains("pipeline.experts.deadline", failure.Message, StringComparison.Ordinal);

        lab.Directory.Set(ExpertHost.Local);
        await pass.StepAsync(new Random(2), layer: 1, rows: 8);
    }

    [Fact]
    public async Task An_abandoned_step_writes_nothing_into_the_next()
    {
        await using var lab = new WireLab();
        var node = lab.AddNode();
        lab.Directory.Set(shard => [shard % 2 == 0 ? ExpertHost.Local : node.Host]);
        var pass = lab.AddPass();
        var random = new Random(1);
        for (var step = 0; step < 50; step++)
        {
            node.Store.Close();
            lab.LocalStore.Close();
            var dropped = pass.Begin(random, layer: 0, rows: 40);
            pass.Experts.Abandon(dropped);
            var ticket = pass.Begin(random, layer: 1, rows: 30);
            node.Store.Open();
            lab.LocalStore.Open();
            await pass.EndAsync(ticket);
            Assert.Throws<InvalidOperationException>(() => pass.Experts.TryEnd(dropped));
        }
    }

    [Fact]
    public async Task Bytes_under_way_are_bounded_and_urgent_rows_pass()
    {
        // 64 KiB at once; 4 KiB a frame.
        await using var lab = new WireLab(WireLab.DefaultOptions with { BytesOutstanding = 1 << 16 });
        var node = lab.AddNode();
        lab.Directory.Set(node.Host);
        var prompt = lab.AddPass(maxRows: 2048, urgent: false);
        var decode = lab.AddPass();
        node.Store.Close();

        var prompted = prompt.Begin(new Random(1), layer: 0, rows: 2048);
        await Eventually.IsTrue(() => node.Store.Waiting.Length >= 8, "the node has what it may have");
        var bytes = node.Listener.Meters.BytesReceived;
        var decoded = decode.Begin(new Random(2), layer: 1, rows: 4);
        using var rest = new ManualResetEventSlim();
        var answered = 0;
        node.Store.Outcome = request =>
        {
            // More than lie before the urgent ones, and less than there are.
            if (!request.Urgent && ++answered > 40)
            {
                rest.Wait();
            }

            return ExpertOutcome.Done;
        };
        Assert.InRange(bytes, 1, 1 << 16);
        node.Store.Open();
        try
        {
            await decode.EndAsync(decoded);
            Assert.False(prompt.Experts.TryEnd(prompted));
        }
        finally
        {
            rest.Set();
        }

        await prompt.EndAsync(prompted);
    }

    [Fact]
    public async Task Nothing_is_lost_or_returned_twice_when_everything_happens_at_once()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        await using var lab = new WireLab(Impatient with { BytesOutstanding = 1 << 16, ResendAfter = TimeSpan.FromMilliseconds(50) });
        await using var first = new FaultyProxy(lab.AddNode().Host, seed) { Delay = TimeSpan.FromMilliseconds(5), Doubled = 0.3, Lost = 0.05 };
        await using var second = new FaultyProxy(lab.AddNode().Host, seed + 1) { Delay = TimeSpan.FromMilliseconds(30), Doubled = 0.3, Lost = 0.05 };
        ExpertHost[][] views = [[first.Host, second.Host], [second.Host], [ExpertHost.Local, first.Host], [], [second.Host, ExpertHost.Local]];
        lab.Directory.Set(views[0]);
        using var ended = new CancellationTokenSource();
        var chaos = Task.Run(async () =>
        {
            while (!ended.IsCancellationRequested)
            {
                await Task.Delay(random.Next(10));
                (random.Next(4) == 0 ? first : second).Cut();
                lab.Directory.Set(views[random.Next(views.Length)]);
            }

            lab.Directory.Set(views[0]);
        });
        var passes = Enumerable.Range(0, 4).Select(i => (Pass: lab.AddPass(urgent: i % 2 == 0), Random: new Random(seed + i))).ToList();

        try
        {
            await Task.WhenAll(passes.Select(each => Task.Run(async () =>
            {
                for (var step = 0; step < TestCampaign.Iterations(60); step++)
                {
                    var ticket = each.Pass.Begin(each.Random, step % WireLab.Layers, rows: 1 + each.Random.Next(64));
                    if (each.Random.Next(3) == 0)
                    {
                        await Task.Delay(each.Random.Next(3));
                        each.Pass.Experts.Abandon(ticket);
                    }
                    else
                    {
                        await each.Pass.EndAsync(ticket);
                    }
                }
            })));
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException($"seed {seed}", exception);
        }
        finally
        {
            await ended.CancelAsync();
            await chaos;
        }
    }
}
