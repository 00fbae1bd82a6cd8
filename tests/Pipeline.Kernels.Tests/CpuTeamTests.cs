using System.Diagnostics;

namespace Pipeline.Kernels.Tests;

public sealed class CpuTeamTests
{
    private const long Much = long.MaxValue;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Every_item_runs_once_whatever_their_number(int threads)
    {
        using var team = new CpuTeam(threads);
        for (var repetition = 0; repetition < 50; repetition++)
        {
            foreach (var items in new[] { 0, 1, 2, 3, 40, 1000 })
            {
                var work = new Count(items);
                team.Run(work, items, Much);
                Assert.All(work.Times, times => Assert.Equal(1, times));
                Assert.InRange(work.LargestThread, 0, threads - 1);
            }
        }
    }

    [Fact]
    public void Little_work_stays_on_the_caller()
    {
        using var team = new CpuTeam(3);
        var work = new Count(100);
        team.Run(work, 100, operations: 1000);
        Assert.Equal([Environment.CurrentManagedThreadId], work.Callers.Distinct());
    }

    [Fact]
    public void Threads_work_at_the_same_time()
    {
        using var team = new CpuTeam(3);
        var work = new Meeting(3);
        team.Run(work, 3, Much);
        Assert.True(work.Met);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void An_exception_reaches_the_caller_and_the_team_goes_on(int threads)
    {
        using var team = new CpuTeam(threads);
        foreach (var failing in new[] { 0, 57, 99 })
        {
            Assert.Equal($"item {failing}", Assert.Throws<InvalidOperationException>(() => team.Run(new Failure(failing), 100, Much)).Message);
            var work = new Count(100);
            team.Run(work, 100, Much);
            Assert.All(work.Times, times => Assert.Equal(1, times));
        }
    }

    [Fact]
    public void Callers_take_turns()
    {
        using var team = new CpuTeam(2);
        Parallel.For(0, 8, _ =>
        {
            for (var i = 0; i < 20; i++)
            {
                var work = new Count(30);
                team.Run(work, 30, Much);
                Assert.All(work.Times, times => Assert.Equal(1, times));
            }
        });
    }

    [Fact]
    public void An_idle_team_takes_no_processor_time()
    {
        using var team = new CpuTeam(4);
        team.Run(new Count(100), 100, Much);
        var names = Directory.GetDirectories("/proc/self/task").Where(IsWorker).ToArray();
        Assert.NotEmpty(names);
        var before = names.Sum(Ticks);
        var clock = Stopwatch.StartNew();
        SpinWait.SpinUntil(() => clock.ElapsedMilliseconds > 200);
        Assert.InRange(names.Sum(Ticks) - before, 0, 1);
    }

    [Fact]
    public void A_disposed_team_has_no_threads_and_refuses_work()
    {
        var team = new CpuTeam(3);
        team.Run(new Count(100), 100, Much);
        team.Dispose();
        Assert.Throws<ObjectDisposedException>(() => team.Run(new Count(1), 1, Much));
    }

    private static bool IsWorker(string task) =>
        File.ReadAllText(Path.Combine(task, "comm")).StartsWith("cpu-team", StringComparison.Ordinal);

    /// <summary>Processor time of a thread, in hundredths of a second.</summary>
    private static long Ticks(string task)
    {
        // A thread of another test's team may have ended since; it takes no time either.
        if (!File.Exists(Path.Combine(task, "stat")))
        {
            return 0;
        }

        var fields = File.ReadAllText(Path.Combine(task, "stat")).Split(' ');
        return long.Parse(fields[13]) + long.Parse(fields[14]);
    }

    private sealed class Count(int items) : TeamWork
    {
        public int[] Times { get; } = new int[items];

        public int[] Callers { get; } = new int[items];

        public int LargestThread { get; private set; }

        public override void Execute(int first, int end, int thread)
        {
            LargestThread = Math.Max(LargestThread, thread);
            for (var item = first; item < end; item++)
            {
                Interlocked.Increment(ref Times[item]);
                Callers[item] = Environment.CurrentManagedThreadId;
            }
        }
    }

    private sealed class Failure(int failing) : TeamWork
    {
        public override void Execute(int first, int end, int thread)
        {
            if (first <= failing && failing < end)
            {
                throw new InvalidOperationException($"item {failing}");
            }
        }
    }

    /// <summary>Each item waits for all the others to have begun.</summary>
    private sealed class Meeting(int threads) : TeamWork
    {
        private readonly Barrier _barrier = new(threads);

        public bool Met { get; private set; } = true;

        public override void Execute(int first, int end, int thread)
        {
            if (!_barrier.SignalAndWait(TimeSpan.FromSeconds(20)))
            {
                Met = false;
            }
        }
    }
}
