using System.Net;
using System.Net.Sockets;
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
    public async Task A_silent_host_is_asked_beside_another_and_its_late_reply_changes_nothing()
    {
        await using var lab = new WireLab(Impatient);
        var (slow, quick) = (lab.AddNode(), lab.AddNode());
        var pass = lab.AddPass();
        await PreferAsync(lab, pass, slow, quick);
        slow.Store.Close();

        await pass.StepAsync(new Random(1), layer: 0, rows: 16);
        Assert.True(lab.Client.Meters.Hedges > 0);
        var ticket = pass.Begin(new Random(2), layer: 1, rows: 16);
        slow.Store.Open();
        await pass.EndAsync(ticket);

        await Eventually.IsTrue(() => lab.Client.Meters.LateReplies > 0, "the slow host answers what nobody waits for");
        await pass.StepAsync(new Random(3), layer: 2, rows: 16);
    }

    [Fact]
    public async Task A_host_is_told_what_nobody_waits_for_any_more_and_need_not_compute_it()
    {
        await using var lab = new WireLab(WireLab.DefaultOptions with { ResendAfter = TimeSpan.FromSeconds(1) });
        var (slow, quick) = (lab.AddNode(), lab.AddNode());
        var pass = lab.AddPass();
        await PreferAsync(lab, pass, slow, quick);
        slow.Store.Close();
        var ticket = pass.Begin(new Random(1), layer: 0, rows: 16);
        await Eventually.IsTrue(() => slow.Store.Waiting.Length > 0, "the slow host has requests");
        Assert.All(slow.Store.Waiting, request => Assert.True(request.IsWanted));

        await pass.EndAsync(ticket);
        await Eventually.IsTrue(() => slow.Store.Waiting.All(request => !request.IsWanted), "the slow host knows that they are answered");

        // The connection goes on, and what comes after is wanted.
        lab.Directory.Set(slow.Host);
        slow.Store.Open();
        await pass.StepAsync(new Random(2), layer: 1, rows: 16);
        Assert.Equal(0, slow.Listener.Meters.Broken);
        Assert.Equal(0, lab.Client.Meters.ConnectionsLost);
    }

    [Fact]
    public async Task A_slow_host_delays_one_step_and_is_then_asked_last()
    {
        await using var lab = new WireLab(Impatient);
        var (slow, quick) = (lab.AddNode(), lab.AddNode());
        var pass = lab.AddPass();
        await PreferAsync(lab, pass, slow, quick);
        slow.Store.Outcome = _ =>
        {
            Thread.Sleep(3 * Impatient.ResendAfter);
            return ExpertOutcome.Done;
        };
        await pass.StepAsync(new Random(1), layer: 0, rows: 8);

        var hedges = lab.Client.Meters.Hedges;
        for (var step = 0; step < 10; step++)
        {
            await pass.StepAsync(new Random(step), step % WireLab.Layers, rows: 8);
        }

        // Each of the ten would have as many; a busy machine may add a few.
        Assert.True(hedges > 0);
        Assert.InRange(lab.Client.Meters.Hedges, hedges, hedges + 8);
        slow.Store.Outcome = _ => ExpertOutcome.Done;
    }

    [Fact]
    public async Task Of_slow_hosts_the_one_that_was_found_so_longest_ago_is_asked()
    {
        await using var lab = new WireLab(Impatient);
        var (first, second) = (lab.AddNode(), lab.AddNode());
        var pass = lab.AddPass();
        await PreferAsync(lab, pass, first, second);
        foreach (var (slow, other) in new[] { (first, second), (second, first) })
        {
            lab.Directory.Set(slow.Host, other.Host);
            var answered = slow.Store.Served;
            slow.Store.Close();
            await pass.StepAsync(new Random(1), layer: 0, rows: 16);
            slow.Store.Open();
            await Eventually.IsTrue(() => slow.Store.Served == answered + 4, "it answers late");
        }

        var served = second.Store.Served;
        await pass.StepAsync(new Random(2), layer: 1, rows: 16);
        Assert.Equal(served, second.Store.Served);
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
    public async Task A_host_at_work_is_not_taken_for_dead_and_computes_once()
    {
        await using var lab = new WireLab(Impatient);
        var node = lab.AddNode();
        lab.Directory.Set(node.Host);
        var pass = lab.AddPass();
        node.Store.Close();

        var ticket = pass.Begin(new Random(1), layer: 0, rows: 16);
        await Eventually.IsTrue(() => lab.Client.Meters.Resends > 8, "the requests were sent again and again");
        node.Store.Open();
        await pass.EndAsync(ticket);

        Assert.Equal(0, lab.Client.Meters.ConnectionsLost);
        Assert.Equal(lab.Client.Meters.Requests, node.Store.Served);
    }

    [Fact]
    public async Task A_host_is_not_blamed_for_a_standstill_of_this_process()
    {
        var clock = new JumpingClock();
        await using var lab = new WireLab(WireLab.DefaultOptions with { Deadline = TimeSpan.FromHours(1) }, clock: clock);
        var (node, other) = (lab.AddNode(), lab.AddNode());
        var pass = lab.AddPass();
        await PreferAsync(lab, pass, node, other);
        node.Store.Close();
        var ticket = pass.Begin(new Random(1), layer: 0, rows: 16);
        await Eventually.IsTrue(() => node.Store.Waiting.Length == 4, "all shards were asked");

        clock.Jump(10 * WireLab.DefaultOptions.ResendAfter);
        var looked = clock.Ticks;
        await Eventually.IsTrue(() => clock.Ticks > looked + 2, "the client looked at its clocks");
        node.Store.Open();
        await pass.EndAsync(ticket);

        Assert.Equal((0, 0, 0), (lab.Client.Meters.ConnectionsLost, lab.Client.Meters.Resends, lab.Client.Meters.Hedges));
        Assert.Equal(0, other.Store.Served);
    }

    [Fact]
    public async Task A_frozen_host_is_asked_last()
    {
        // It accepts, as a stopped process's kernel does, and says nothing.
        using var frozen = new TcpListener(IPAddress.Loopback, 0);
        frozen.Start();
        await using var lab = new WireLab(Impatient);
        var node = lab.AddNode();
        var host = node.Host with { Node = "frozen", Port = ((IPEndPoint)frozen.LocalEndpoint).Port };
        lab.Directory.Set(host, node.Host);
        var pass = lab.AddPass();
        await pass.StepAsync(new Random(1), layer: 0, rows: 8);

        await Eventually.IsTrue(() => lab.Client.Table.TroubleWith(host) is not null, "the frozen host is known");
        var hedges = lab.Client.Meters.Hedges;
        for (var step = 0; step < 30; step++)
        {
            await pass.StepAsync(new Random(step), step % WireLab.Layers, rows: 8);
        }

        // Each of the thirty would have some; a busy machine may add a few.
        Assert.InRange(lab.Client.Meters.Hedges, hedges, hedges + 8);
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

    /// <summary>Both may be asked, and it is the first that is: it stands first and is connected to.</summary>
    private static async Task PreferAsync(WireLab lab, TestPass pass, WireLab.Node first, WireLab.Node second)
    {
        lab.Directory.Set(first.Host);
        await pass.StepAsync(new Random(0), layer: 0, rows: 16);
        lab.Directory.Set(first.Host, second.Host);
    }

    /// <summary>The system's time, but for jumps; counts what timers did.</summary>
    private sealed class JumpingClock : TimeProvider
    {
        private long _jumped;
        private long _ticks;

        public long Ticks => Interlocked.Read(ref _ticks);

        public void Jump(TimeSpan time) => Interlocked.Add(ref _jumped, (long)(time.TotalSeconds * TimestampFrequency));

        public override long GetTimestamp() => base.GetTimestamp() + Interlocked.Read(ref _jumped);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => base.CreateTimer(
            given =>
            {
                callback(given);
                Interlocked.Increment(ref _ticks);
            },
            state,
            dueTime,
            period);
    }
}
