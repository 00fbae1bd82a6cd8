using System.Runtime.InteropServices;

namespace Pipeline.Kernels.Tests;

public sealed partial class CpuTeamTests
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
        var threads = new Threads(3);
        team.Run(threads, 3, Much);
        Assert.Equal(3, threads.Ids.Distinct().Count());
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
    public void A_waiting_thread_takes_no_processor_time()
    {
        using var team = new CpuTeam(2);
        var threads = new Threads(2);
        team.Run(threads, 2, Much);
        var worker = threads.Ids.Single(id => id != Threads.Current());
        var before = Ticks(worker);

        // One item stays on the caller, which is busy for some tenths of a second.
        var caller = Ticks(Threads.Current());
        while (Ticks(Threads.Current()) < caller + 20)
        {
            team.Run(new Count(1), 1, Much);
        }

        Assert.InRange(Ticks(worker) - before, 0, 1);
    }

    [Fact]
    public void A_disposed_team_has_no_threads_and_refuses_work()
    {
        var team = new CpuTeam(3);
        team.Run(new Count(100), 100, Much);
        team.Dispose();
        Assert.Throws<ObjectDisposedException>(() => team.Run(new Count(1), 1, Much));
    }

    /// <summary>Processor time of a thread, in hundredths of a second.</summary>
    private static long Ticks(int thread)
    {
        // The second field, the name in brackets, may hold spaces.
        var fields = File.ReadAllText($"/proc/self/task/{thread}/stat").Split(')')[^1].Split(' ');
        return long.Parse(fields[12]) + long.Parse(fields[13]);
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

    /// <summary>Notes the kernel's number of each thread; each item waits for all the others to have begun.</summary>
    private sealed partial class Threads(int threads) : TeamWork
    {
        private readonly Barrier _barrier = new(threads);

        public int[] Ids { get; } = new int[threads];

        [LibraryImport("libc", EntryPoint = "gettid")]
        public static partial int Current();

        public override void Execute(int first, int end, int thread)
        {
            Ids[first] = Current();
            Assert.True(_barrier.SignalAndWait(TimeSpan.FromSeconds(20)));
        }
    }
}
