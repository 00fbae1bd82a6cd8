using System.Diagnostics;
using Akka.Actor;
using Pipeline.Model;

namespace Pipeline.Engine.Running;

/// <summary>
/// The only caller of a device. It runs a decode step through, then gives the other runs one slice, ended at the next
/// half layer; it sleeps only on its inbox. What runs need (model, caches, passes) is made on this thread by the factory and
/// lives as long as the thread.
/// </summary>
internal sealed class DeviceThread : IDisposable
{
    private readonly object _lock = new();
    private readonly Queue<Action> _inbox = new();
    private readonly Run?[] _runs = new Run?[3];
    private readonly int[] _attachments = new int[2];
    private readonly TimeSpan _slice;
    private readonly Thread _thread;
    private readonly TaskCompletionSource<DeviceHost> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Exception> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _posted;
    private bool _stopping;
    private RunKind _lastOther = RunKind.Vision;

    public DeviceThread(Func<DeviceHost> factory, TimeSpan slice)
    {
        _slice = slice;
        _thread = new Thread(() => Main(factory)) { Name = "device", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Done when model and memory are there; faulted where they could not be made.</summary>
    public Task<DeviceHost> Ready => _ready.Task;

    /// <summary>Done when the device failed: the process can only write what is finished and end.</summary>
    public Task<Exception> Failed => _failed.Task;

    /// <summary>
    /// Makes <paramref name="actor"/> the owner of its kind of runs. Runs of the owner before end at the next half layer;
    /// then the actor gets <see cref="Attached"/> and may submit.
    /// </summary>
    public void Attach(RunOwner owner, IActorRef actor) => Post(() =>
    {
        for (var kind = 0; kind < _runs.Length; kind++)
        {
            if (_runs[kind]?.Owner == owner)
            {
                _runs[kind] = null;
            }
        }

        actor.Tell(new Attached(++_attachments[(int)owner]));
    });

    /// <summary>Hands over a run; its kind must be idle. A run of an older attachment is dropped.</summary>
    public void Submit(Run run) => Post(() =>
    {
        if (run.Attachment != _attachments[(int)run.Owner])
        {
            return;
        }

        if (_runs[(int)run.Kind] is not null)
        {
            throw new InvalidOperationException($"A {run.Kind} run was submitted while one is under way.");
        }

        run.Start();
        _runs[(int)run.Kind] = run;
    });

    public void Dispose()
    {
        Post(() => _stopping = true);
        _thread.Join();
    }

    private void Post(Action action)
    {
        lock (_lock)
        {
            _inbox.Enqueue(action);
            _posted = true;
            Monitor.Pulse(_lock);
        }
    }

    private void Main(Func<DeviceHost> factory)
    {
        DeviceHost host;
        try
        {
            host = factory();
        }
        catch (Exception exception)
        {
            _ready.SetException(exception);
            return;
        }

        using (host)
        {
            _ready.SetResult(host);
            try
            {
                Loop();
            }
            catch (Exception exception)
            {
                _failed.TrySetResult(exception);
            }
        }
    }

    private void Loop()
    {
        while (true)
        {
            Receive(wait: !Array.Exists(_runs, run => run is not null));
            if (_stopping)
            {
                return;
            }

            while (_runs[(int)RunKind.Decode] is { } decode && !_stopping)
            {
                Advance(decode);
                Receive(wait: false);
            }

            var started = Stopwatch.GetTimestamp();
            while (!_stopping && NextOther() is { } other)
            {
                Advance(other);
                Receive(wait: false);
                if (_runs[(int)RunKind.Decode] is not null && Stopwatch.GetElapsedTime(started) >= _slice)
                {
                    break;
                }
            }
        }
    }

    private void Receive(bool wait)
    {
        if (!wait && !_posted)
        {
            return;
        }

        while (true)
        {
            Action action;
            lock (_lock)
            {
                while (wait && _inbox.Count == 0)
                {
                    Monitor.Wait(_lock);
                }

                if (!_inbox.TryDequeue(out action!))
                {
                    _posted = false;
                    return;
                }
            }

            wait = false;
            action();
        }
    }

    private void Advance(Run run)
    {
        switch (run.Advance())
        {
            case PassState.Done:
                _runs[(int)run.Kind] = null;
                run.Finish();
                break;
            case PassState.Waiting:
                throw new InvalidOperationException("Local experts are done when they begin.");
        }
    }

    /// <summary>Prefill and vision in turn.</summary>
    private Run? NextOther()
    {
        var next = _lastOther == RunKind.Prefill ? RunKind.Vision : RunKind.Prefill;
        var run = _runs[(int)next] ?? _runs[(int)_lastOther];
        _lastOther = run?.Kind ?? _lastOther;
        return run;
    }
}

/// <summary>The device thread's answer to an attach: runs that carry this number are the actor's own.</summary>
internal sealed record Attached(int Attachment) : INoSerializationVerificationNeeded;
