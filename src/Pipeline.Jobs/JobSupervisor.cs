using Akka.Actor;

namespace Pipeline.Jobs;

/// <summary>Makes a job's actor anew until the job's progress has nothing left.</summary>
internal sealed class JobSupervisor(JobProgress progress, Props job) : UntypedActor
{
    public static Props Props(JobProgress progress, Props job) => Akka.Actor.Props.Create(() => new JobSupervisor(progress, job));

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Stop);

    protected override void PreStart() => Start();

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case JobEnded when progress.NothingLeft:
                Context.Stop(Self);
                break;
            case JobEnded:
                Start();
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Start() => Context.WatchWith(Context.ActorOf(job, "job"), JobEnded.Instance);

    private sealed record JobEnded : INoSerializationVerificationNeeded
    {
        public static JobEnded Instance { get; } = new();
    }
}
