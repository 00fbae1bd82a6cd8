using System.Diagnostics;
using System.Runtime.Versioning;

namespace Pipeline.Media.Tests;

/// <summary>Counts of the whole process are looked at here, so nothing runs beside it.</summary>
[CollectionDefinition(nameof(FramesChildTests), DisableParallelization = true)]
public sealed class AloneDefinition;

/// <summary>Children that hang, die or talk too much; readers that stop; memory that is held; time that is taken.</summary>
[Collection(nameof(FramesChildTests))]
[SupportedOSPlatform("linux")]
public sealed class FramesChildTests : MediaLab
{
    private static void AssertNothingIsAlive()
    {
        Assert.Equal(0, MediaMeters.ChildrenAlive);
        Assert.Equal(0, Frame.Live);
    }

    /// <summary>A stand-in for ffmpeg or ffprobe that first writes its process id.</summary>
    private string Script(string name, string body)
    {
        File.WriteAllText(At(name), $"#!/bin/sh\necho $$ >> '{At(name)}.pid'\n{body}\n");
        File.SetUnixFileMode(At(name), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return At(name);
    }

    private int LastPid(string name) => int.Parse(File.ReadLines(At(name) + ".pid").Last());

    private static bool IsAlive(int pid) =>
        File.Exists($"/proc/{pid}/stat") && !File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal);

    [Fact]
    public async Task A_probe_that_hangs_is_killed_with_its_children()
    {
        var clip = Clip("a.mp4", 5);
        var options = Defaults with
        {
            Ffprobe = Script("ffprobe", $"sleep 1000 &\necho $! > '{At("sleep.pid")}'\nwait"),
            ChildTimeout = TimeSpan.FromSeconds(3),
        };
        var error = await Assert.ThrowsAsync<PipelineException>(() => ProbeAsync(clip, options));
        Assert.Equal(("media.child-timeout", FailureKind.Own), (error.Code, error.Kind));
        Assert.Equal($"{clip}: ffprobe gave no answer within 3 s and was killed", error.Message);
        Assert.False(IsAlive(LastPid("ffprobe")));
        Assert.False(IsAlive(LastPid("sleep")));
        AssertNothingIsAlive();
    }

    [Fact]
    public async Task A_decoder_that_hangs_is_killed()
    {
        var clip = Clip("a.mp4", 5);
        var options = Defaults with { Ffmpeg = Script("ffmpeg", "exec sleep 1000"), ChildTimeout = TimeSpan.FromSeconds(5) };
        var error = await Assert.ThrowsAsync<PipelineException>(() => NumbersAsync(clip, 8, options));
        Assert.Equal(("media.child-timeout", FailureKind.Own), (error.Code, error.Kind));
        Assert.False(IsAlive(LastPid("ffmpeg")));
        AssertNothingIsAlive();
    }

    [Theory]
    [InlineData("KILL")]
    [InlineData("TERM")]
    [InlineData("SEGV")]
    public async Task A_decoder_killed_from_outside_is_our_own_failure(string signal)
    {
        var options = Defaults with { Ffmpeg = Script("ffmpeg", "exec ffmpeg \"$@\"") };
        await using var frames = await StartLargeAsync(options);
        Assert.True(await frames.MoveNextAsync());
        frames.Current.Dispose();
        Run("kill", ["-" + signal, $"{LastPid("ffmpeg")}"]);
        var error = await Assert.ThrowsAsync<PipelineException>(async () =>
        {
            while (await frames.MoveNextAsync())
            {
                frames.Current.Dispose();
            }
        });
        Assert.Equal(("media.child-killed", FailureKind.Own), (error.Code, error.Kind));
        Assert.Contains("ffmpeg was killed", error.Message, StringComparison.Ordinal);
        await frames.DisposeAsync();
        AssertNothingIsAlive();
    }

    [Fact]
    public async Task A_probe_killed_from_outside_is_our_own_failure()
    {
        var options = Defaults with { Ffprobe = Script("ffprobe", "kill -9 $$") };
        var error = await Assert.ThrowsAsync<PipelineException>(() => ProbeAsync(Clip("a.mp4", 5), options));
        Assert.Equal(("media.child-killed", FailureKind.Own), (error.Code, error.Kind));
    }

    [Fact]
    public async Task Cancelling_leaves_no_child()
    {
        var options = Defaults with { Ffmpeg = Script("ffmpeg", "exec ffmpeg \"$@\"") };
        using var cancel = new CancellationTokenSource();
        await using var frames = await StartLargeAsync(options, cancel.Token);
        Assert.True(await frames.MoveNextAsync());
        frames.Current.Dispose();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            while (await frames.MoveNextAsync())
            {
                frames.Current.Dispose();
            }
        });
        await frames.DisposeAsync();
        Assert.False(IsAlive(LastPid("ffmpeg")));
        AssertNothingIsAlive();
    }

    [Fact]
    public async Task Cancelling_ends_a_wait_for_a_silent_child()
    {
        var clip = Clip("a.mp4", 5);
        var options = Defaults with { Ffmpeg = Script("ffmpeg", "exec sleep 1000") };
        using var cancel = new CancellationTokenSource();
        await using var frames = Reader(options).ReadAsync(await ProbeAsync(clip, options), 8, cancel.Token).GetAsyncEnumerator();
        var next = frames.MoveNextAsync().AsTask();
        while (MediaMeters.ChildrenAlive == 0 && !next.IsCompleted)
        {
            await Task.Yield();
        }

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next.WaitAsync(TimeSpan.FromSeconds(10)));
        AssertNothingIsAlive();
    }

    [Fact]
    public async Task Giving_up_early_leaves_no_child()
    {
        var options = Defaults with { Ffmpeg = Script("ffmpeg", "exec ffmpeg \"$@\"") };
        var frames = await StartLargeAsync(options);
        Assert.True(await frames.MoveNextAsync());
        var kept = frames.Current;
        await frames.DisposeAsync();
        Assert.False(IsAlive(LastPid("ffmpeg")));
        Assert.Equal((0, 1), (MediaMeters.ChildrenAlive, Frame.Live));
        Assert.Equal(3 * kept.Width * kept.Height, kept.Rgb.Length);
        kept.Dispose();
        AssertNothingIsAlive();
    }

    [Fact]
    public async Task A_child_has_a_lower_priority_and_waits_while_nobody_asks()
    {
        var options = Defaults with { Ffmpeg = Script("ffmpeg", "exec ffmpeg \"$@\"") };
        await using var frames = await StartLargeAsync(options);
        Assert.True(await frames.MoveNextAsync());
        frames.Current.Dispose();
        var fields = File.ReadAllText($"/proc/{LastPid("ffmpeg")}/stat").Split(") ", 2)[1].Split(' ');
        Assert.InRange(int.Parse(fields[16]), 1, 19);
        await frames.DisposeAsync();
        AssertNothingIsAlive();
    }

    [Fact]
    public async Task No_more_frames_are_alive_than_allowed()
    {
        var options = Defaults with { FramesInFlight = 3 };
        var clip = Clip("a.mp4", 30);
        var reader = Reader(options);
        var info = await ProbeAsync(clip, options);
        var held = new Queue<Frame>();
        var readers = new[] { reader.ReadAsync(info, 8).GetAsyncEnumerator(), reader.ReadAsync(info, 8).GetAsyncEnumerator() };
        var moves = readers.Select(enumerator => enumerator.MoveNextAsync().AsTask()).ToList();
        for (var taken = 0; taken < 16;)
        {
            var pending = moves.Where(move => !move.IsCompletedSuccessfully || move.Result).ToList();
            if (held.Count == 3)
            {
                // At the bound nobody may go on; one frame given back lets one reader go on.
                Assert.DoesNotContain(pending, move => move.IsCompleted);
                held.Dequeue().Dispose();
            }

            var moved = await Task.WhenAny(pending).WaitAsync(TimeSpan.FromSeconds(20));
            Assert.InRange(Frame.Live, 0, 3);
            var index = moves.IndexOf(moved);
            if (await moved)
            {
                taken++;
                held.Enqueue(readers[index].Current);
                moves[index] = readers[index].MoveNextAsync().AsTask();
            }
        }

        while (held.TryDequeue(out var frame))
        {
            frame.Dispose();
        }

        Assert.All(await Task.WhenAll(moves), Assert.False);
        foreach (var enumerator in readers)
        {
            await enumerator.DisposeAsync();
        }

        AssertNothingIsAlive();
    }

    [Fact]
    public async Task Repeats_share_their_memory()
    {
        var clip = Clip("a.mp4", 2);
        var frames = new List<Frame>();
        await foreach (var frame in Reader(Defaults with { FramesInFlight = 2 }).ReadAsync(await ProbeAsync(clip), 8))
        {
            frames.Add(frame);
        }

        Assert.Equal([0, 0, 0, 0, 1, 1, 1, 1], frames.Select(Number));
        Assert.Equal(2, Frame.Live);
        frames.ForEach(frame => frame.Dispose());
        Assert.Throws<ObjectDisposedException>(() => frames[0].Rgb);
        AssertNothingIsAlive();
    }

    [Fact]
    public async Task A_child_that_floods_its_error_output_costs_nothing()
    {
        var options = Defaults with { Ffprobe = Script("ffprobe", "head -c 200000000 /dev/zero | tr '\\0' 'x' >&2\necho >&2\necho 'the end' >&2\nexit 1") };
        var before = GC.GetTotalAllocatedBytes();
        var error = await Assert.ThrowsAsync<PipelineException>(() => ProbeAsync(Clip("a.mp4", 5), options));
        Assert.Contains("the end", error.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 50_000_000);
    }

    [SharedFact("reference/eval/manifest.jsonl")]
    public async Task Clips_are_read_two_at_a_time_faster_than_one_child_after_the_other()
    {
        var clips = Directory.GetFiles(SharedData.PathOf("reference/eval"), "*.mp4");
        var watch = Stopwatch.StartNew();
        await Parallel.ForEachAsync(clips, new ParallelOptions { MaxDegreeOfParallelism = 2 }, async (clip, _) =>
            Assert.Equal(8, (await ReadAsync(clip, 8, frame => frame.Time)).Count));
        AssertNothingIsAlive();

        // The bound is loose, as machines differ and others may use the cores; a third child a clip would still show.
        Assert.InRange(watch.Elapsed.TotalSeconds / clips.Length, 0, 1);
    }

    [Fact]
    public async Task Eight_frames_of_two_hours_take_seconds()
    {
        Clip("part.mp4", 50, "-c:v", "libx264", "-g", "25", "-bf", "2");
        Ffmpeg("-stream_loop", "3599", "-i", "part.mp4", "-c", "copy", "film.mp4");
        var watch = Stopwatch.StartNew();
        var numbers = await ReadAsync(At("film.mp4"), 8, frame => ((int)Math.Round(frame.Time.TotalSeconds * 25), Number(frame)));
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 10);
        Assert.Equal(Even(180_000, 8), numbers.Select(pair => pair.Item1));
        Assert.All(numbers, pair => Assert.Equal(pair.Item1 % 50, pair.Item2));
    }

    /// <summary>A clip whose chosen frames do not all fit into a pipe, so that its decoder is still alive after the first.</summary>
    private async Task<IAsyncEnumerator<Frame>> StartLargeAsync(MediaOptions options, CancellationToken cancellation = default)
    {
        Ffmpeg("-f", "lavfi", "-i", "testsrc2=s=1280x720:d=2", "-c:v", "mpeg4", "large.mp4");
        var info = await ProbeAsync(At("large.mp4"), options);
        return Reader(options).ReadAsync(info, 40, cancellation).GetAsyncEnumerator(CancellationToken.None);
    }
}
