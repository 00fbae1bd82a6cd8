using System.Collections.Concurrent;
using Akka.Actor;
using Pipeline.Engine.Running;
using Pipeline.Kernels;

namespace Pipeline.Engine.Tests;

/// <summary>The device thread with scripted runs and work, and no model.</summary>
public sealed class DeviceThreadTests : Akka.TestKit.Xunit2.TestKit, IAsyncLifetime
{
    private readonly ConcurrentQueue<string> _log = [];
    private DeviceLane _lane = null!;

    public async Task InitializeAsync()
    {
        _lane = await DeviceLane.StartAsync(() => new PortableDevice(new CpuTeam(1)), slice: TimeSpan.FromHours(1));
        foreach (var owner in Enum.GetValues<RunOwner>())
        {
            _lane.Thread.Attach(owner, TestActor);
            Assert.Equal(1, (await ExpectMsgAsync<Attached>()).Attachment);
        }
    }

    public async Task DisposeAsync() => await _lane.DisposeAsync();

    [Fact]
    public async Task While_a_step_waits_the_others_go_on_and_a_wake_lets_it_go_on()
    {
        await Submit(Run(RunKind.Decode, "decode", "rwwrd"));
        await LogReaches("decode", "decode");
        await Submit(Run(RunKind.Prefill, "prefill", "rd"), Run(RunKind.Vision, "vision", "d"));
        await LogReaches("prefill is done");
        await LogReaches("vision is done");
        Assert.Equal(2, _log.Count(entry => entry == "decode"));

        // One that comes before the experts' answer is harmless.
        _lane.Wake();
        await LogReaches("decode", "decode", "decode");
        Assert.DoesNotContain("decode is done", _log);
        _lane.Wake();

        await LogReaches("decode is done");
        Assert.Equal(5, _log.Count(entry => entry == "decode"));
    }

    [Fact]
    public async Task A_run_of_an_owner_that_is_no_more_is_abandoned_and_a_late_wake_finds_nothing()
    {
        await Submit(Run(RunKind.Decode, "decode", "w"), Run(RunKind.Vision, "vision", "w"));
        await LogReaches("decode", "vision");

        _lane.Thread.Attach(RunOwner.Decoder, TestActor);
        Assert.Equal(2, (await ExpectMsgAsync<Attached>()).Attachment);
        _lane.Thread.Attach(RunOwner.Vision, ActorRefs.Nobody);
        _lane.Wake();
        await Submit(Run(RunKind.Decode, "late", "d"));
        await _lane.Post(_ => 0);

        Assert.Equal(["decode starts", "vision starts", "vision", "decode", "decode is abandoned", "vision is abandoned"], _log);
    }

    [Fact]
    public async Task A_run_that_failed_makes_room_for_the_next_of_its_kind()
    {
        await Submit(Run(RunKind.Prefill, "first", "rf"));
        await LogReaches("first failed");

        await Submit(Run(RunKind.Prefill, "second", "d"));

        await LogReaches("second is done");
        Assert.DoesNotContain("first is done", _log);
    }

    [Fact]
    public async Task Work_beside_is_offered_the_device_between_any_two_half_layers()
    {
        var work = new ScriptedWork(_log);
        _lane.Serve(work);
        var enqueue = () => work.Batches = 2;
        await Submit(new ScriptedRun(RunKind.Prefill, "prefill", _log, "rrrd")
        {
            Advanced = () => Interlocked.Exchange(ref enqueue, () => 0)(),
        });

        await LogReaches("prefill is done");
        Assert.Equal(["prefill", "work", "prefill", "work", "prefill", "prefill"], _log.Where(entry => entry is "prefill" or "work"));
    }

    [Fact]
    public async Task Work_goes_on_while_all_runs_wait()
    {
        var work = new ScriptedWork(_log);
        _lane.Serve(work);
        await Submit(Run(RunKind.Decode, "decode", "wwd"));
        await LogReaches("decode");

        work.Batches = 100;
        _lane.Wake();

        await Eventually.IsTrue(() => work.Batches == 0, "all of the work is done");
        Assert.DoesNotContain("decode is done", _log);
        _lane.Wake();
        await LogReaches("decode is done");
    }

    [Fact]
    public async Task What_a_posted_function_throws_is_its_callers_alone()
    {
        await Assert.ThrowsAsync<FormatException>(() => _lane.Post<int>(_ => throw new FormatException()));

        Assert.Equal(7, await _lane.Post(_ => 7));
        Assert.False(_lane.Failed.IsCompleted);
    }

    [Fact]
    public async Task What_work_throws_is_the_devices_failure_and_nobody_waits_for_ever()
    {
        await Submit(Run(RunKind.Decode, "decode", "www"));
        _lane.Serve(new ScriptedWork(_log) { Batches = 1, Broken = true });
        _lane.Wake();

        Assert.IsType<FormatException>((await _lane.Failed).InnerException);
        var lost = await Assert.ThrowsAsync<DeviceLostException>(() => _lane.Post(_ => 0));
        Assert.IsType<FormatException>(lost.InnerException);
    }

    [Fact]
    public async Task A_lane_that_was_disposed_says_so()
    {
        await _lane.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => _lane.Post(_ => 0));
        Assert.False(_lane.Failed.IsCompleted);
    }

    [Fact]
    public async Task A_device_that_cannot_be_made_is_told_to_the_starter() =>
        await Assert.ThrowsAsync<FormatException>(() => DeviceLane.StartAsync(() => throw new FormatException(), TimeSpan.Zero));

    /// <summary>Waiting, waking, work and going on, ten thousand times each.</summary>
    [Fact]
    public async Task The_threads_own_turns_allocate_nothing()
    {
        const int WarmUp = 1000;
        var (turns, allocated) = (0, 0L);
        var script = string.Concat(Enumerable.Repeat("rw", 10_000).Append("d"));
        _lane.Serve(new EndlessWork());
        var run = new ScriptedRun(RunKind.Decode, "decode", [], script)
        {
            IsSilent = true,
            Advanced = () =>
            {
                if (++turns == WarmUp)
                {
                    allocated = -GC.GetAllocatedBytesForCurrentThread();
                }
                else if (turns == script.Length)
                {
                    allocated += GC.GetAllocatedBytesForCurrentThread();
                }

                _lane.Wake();
            },
        };

        await Submit(run);

        await Eventually.IsTrue(() => Volatile.Read(ref turns) == script.Length, "the run is done");
        Assert.Equal(0, await _lane.Post(_ => allocated));
    }

    private ScriptedRun Run(RunKind kind, string name, string script) => new(kind, name, _log, script);

    /// <summary>Hands runs over together: the thread has them all before it advances one.</summary>
    private async Task Submit(params Run[] runs) => await _lane.Post(_ =>
    {
        foreach (var run in runs)
        {
            _lane.Thread.Submit(run);
        }

        return 0;
    });

    private Task LogReaches(params string[] entries) => Eventually.IsTrue(
        () => entries.GroupBy(entry => entry).All(group => _log.Count(entry => entry == group.Key) >= group.Count()),
        string.Join(", ", entries));

    private sealed class ScriptedWork(ConcurrentQueue<string> log) : IDeviceWork
    {
        private int _batches;

        public int Batches
        {
            get => Volatile.Read(ref _batches);
            set => Volatile.Write(ref _batches, value);
        }

        public bool Broken { get; init; }

        public bool TryRun(IDevice device)
        {
            if (Batches == 0)
            {
                return false;
            }

            if (Broken)
            {
                throw new FormatException();
            }

            Batches--;
            log.Enqueue("work");
            return true;
        }
    }

    private sealed class EndlessWork : IDeviceWork
    {
        private int _calls;

        public bool TryRun(IDevice device) => _calls++ % 2 == 0;
    }
}
