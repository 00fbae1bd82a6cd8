using System.Collections.Concurrent;
using Pipeline.Engine.Running;
using Pipeline.Model;

namespace Pipeline.Engine.Tests;

/// <summary>
/// A run without a model: it answers what its script says (running, waiting, failed, done, by their first letters), and notes
/// each call in a log that several runs may share.
/// </summary>
internal sealed class ScriptedRun(RunKind kind, string name, ConcurrentQueue<string> log, string script) : Run(kind, attachment: 1)
{
    private int _next;

    /// <summary>Called on the device thread with each advance.</summary>
    public Action Advanced { get; init; } = () => { };

    /// <summary>Advances are not noted: noting allocates.</summary>
    public bool IsSilent { get; init; }

    public override void Start() => log.Enqueue($"{name} starts");

    public override PassState Advance()
    {
        if (!IsSilent)
        {
            log.Enqueue(name);
        }

        Advanced();
        return script[_next++] switch
        {
            'r' => PassState.Running,
            'w' => PassState.Waiting,
            'f' => PassState.Failed,
            _ => PassState.Done,
        };
    }

    public override void Finish() => log.Enqueue($"{name} is done");

    public override void Fail() => log.Enqueue($"{name} failed");

    public override void Abandon() => log.Enqueue($"{name} is abandoned");
}
