using Akka.Actor;

namespace Pipeline.Engine;

/// <summary>The engine's actors as they are now: the supervisor replaces one that died.</summary>
internal sealed class EngineActors
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _replaced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IActorRef _vision = ActorRefs.Nobody;
    private IActorRef _decoder = ActorRefs.Nobody;

    /// <summary>Done when the supervisor has made them for the first time.</summary>
    public Task Started => _started.Task;

    public IActorRef Vision
    {
        get => Volatile.Read(ref _vision);
        set => Replace(ref _vision, value);
    }

    public IActorRef Decoder
    {
        get => Volatile.Read(ref _decoder);
        set => Replace(ref _decoder, value);
    }

    /// <summary>There are none any more, and none will come: nobody waits for them.</summary>
    public void Clear() => (Vision, Decoder) = (ActorRefs.Nobody, ActorRefs.Nobody);

    public void MarkStarted() => _started.TrySetResult();

    /// <summary>Waits until nobody is given <paramref name="dead"/> any more, so that one death is met once.</summary>
    public async Task WaitUntilReplacedAsync(IActorRef dead, CancellationToken cancellation)
    {
        while (true)
        {
            Task replaced;
            lock (_lock)
            {
                if (!_vision.Equals(dead) && !_decoder.Equals(dead))
                {
                    return;
                }

                replaced = _replaced.Task;
            }

            await replaced.WaitAsync(cancellation);
        }
    }

    private void Replace(ref IActorRef actor, IActorRef value)
    {
        lock (_lock)
        {
            actor = value;
            _replaced.SetResult();
            _replaced = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
