using System.Diagnostics;

namespace Pipeline.TestKit;

/// <summary>Waits for something that other threads bring about, with a deadline that only a failure reaches.</summary>
public static class Eventually
{
    public static Task IsTrue(Func<bool> condition, string what, int seconds = 60) => IsTrue(() => Task.FromResult(condition()), what, seconds);

    public static async Task IsTrue(Func<Task<bool>> condition, string what, int seconds = 60)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(started).TotalSeconds > seconds)
            {
                throw new TimeoutException($"After {seconds} s it still is not so: {what}.");
            }

            await Task.Delay(10);
        }
    }
}
