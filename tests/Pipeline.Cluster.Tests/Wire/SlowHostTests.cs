using System.Net;
using System.Net.Sockets;
using Pipeline.Cluster.Shards;

namespace Pipeline.Cluster.Tests.Wire;

/// <summary>Hosts that answer late or never: who is asked in their stead, who is blamed, and for how long.</summary>
public sealed class SlowHostTests
{
    private static readonly ExpertsOptions Impatient = WireLab.DefaultOptions with { ResendAfter = TimeSpan.FromMilliseconds(100) };

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
