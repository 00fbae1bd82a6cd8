using System.Diagnostics;
using Akka.Actor;
using Pipeline.Kernels;
using Pipeline.Model;

namespace Pipeline.Engine.Running;

/// <summary>
/// The only caller of a device: half layer by half layer it advances the run whose turn it is, and between any two of them it
/// offers the device to work beside. Runs that wait for experts elsewhere are passed over until a wake; it sleeps only on its inbox,
/// when nothing can go on. So nobody waits for a thread that waits for him.
/// </summary>
internal sealed class DeviceThread
{
    private readonly Inbox _inbox = new();
    private readonly RunTable _runs;
    private readonly List<IDeviceWork> _works = [];
    private readonly int[] _attachments = new int[Enum.GetValues<RunOwner>().Length];
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<DeviceLostException> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string _device = "";
    private bool _stopping;

    /// <param name="createDevice">Makes the device, on the thread.</param>
    /// <param name="slice">What prefill and vision together get between two decode steps.</param>
    public DeviceThread(Func<IDevice> createDevice, TimeSpan slice)
    {
        _runs = new RunTable(slice);
        new Thread(() => Main(createDevice)) { Name = "device", IsBackground = true }.Start();
    }

    /// <summary>Done when the device is there; faulted where it could not be made.</summary>
    public Task Ready => _ready.Task;

    /// <summary>Done when the device failed: the process can only write what is finished and end.</summary>
    public Task<DeviceLostException> Failed => _failed.Task;

    /// <summary>Done when the thread has ended and the device is disposed: what was posted since is never run.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Runs an action between two half layers; what it throws is the device's failure.</summary>
    public void Post(Action<IDevice> action) => _inbox.Post(action);

    /// <summary>Offers the device to this work from now on.</summary>
    public void Serve(IDeviceWork work) => Post(_ => _works.Add(work));

    /// <summary>Work or a run's experts may be ready; from any thread, at any time.</summary>
    public void Wake() => _inbox.Wake();

    public void Stop() => Post(_ => _stopping = true);

    /// <summary>
    /// Makes <paramref name="actor"/> the owner of its kind of runs. Runs of the owner before end at the next half layer;
    /// then the actor gets <see cref="Attached"/> and may submit.
    /// </summary>
    public void Attach(RunOwner owner, IActorRef actor) => Post(_ =>
    {
        _runs.Abandon(owner);
        actor.Tell(new Attached(++_attachments[(int)owner]));
    });

    /// <summary>Hands over a run; its kind must be idle. A run of an older attachment is dropped.</summary>
    public void Submit(Run run) => Post(_ =>
    {
        if (run.Attachment == _attachments[(int)run.Owner])
        {
            _runs.Add(run);
            run.Start();
        }
    });

    private void Main(Func<IDevice> createDevice)
    {
        try
        {
            using var device = createDevice();
            _device = device.Description;
            _ready.SetResult();
            Loop(device);
        }
        catch (Exception exception) when (!_ready.TrySetException(exception))
        {
            _failed.TrySetResult(new DeviceLostException(_device, exception));
        }
        catch
        {
            // Whoever waits for Ready was told.
        }
        finally
        {
            _ended.SetResult();
        }
    }

    private void Loop(IDevice device)
    {
        while (!_stopping)
        {
            var advanced = Advance();
            var served = Serve(device);
            if (_inbox.Receive(device, wait: !advanced && !served) is { } wokenAt)
            {
                _runs.Wake(wokenAt);
            }
        }

        foreach (var owner in Enum.GetValues<RunOwner>())
        {
            _runs.Abandon(owner);
        }
    }

    private bool Advance()
    {
        if (_runs.Next() is not { } run)
        {
            return false;
        }

        var started = Stopwatch.GetTimestamp();
        var state = run.Advance();
        _runs.Count(run, state, started, Stopwatch.GetTimestamp());
        switch (state)
        {
            case PassState.Done:
                _runs.Remove(run);
                run.Finish();
                break;
            case PassState.Failed:
                _runs.Remove(run);
                run.Fail();
                break;
        }

        return true;
    }

    private bool Serve(IDevice device)
    {
        var served = false;
        foreach (var work in _works)
        {
            served |= work.TryRun(device);
        }

        return served;
    }
}

/// <summary>The device thread's answer to an attach: runs that carry this number are the actor's own.</summary>
internal sealed record Attached(int Attachment) : INoSerializationVerificationNeeded;
