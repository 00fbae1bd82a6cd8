using Akka.Actor;
using Akka.Event;

namespace Pipeline.Cluster.Membership;

/// <summary>
/// An actor that knows what nobody could tell it again after a restart: a message that it cannot handle costs that message, and an error in the log,
/// not what it knows.
/// </summary>
internal abstract class SteadyActor : ReceiveActor
{
    protected ILoggingAdapter Log { get; } = Context.GetLogger();

    protected override bool AroundReceive(Receive receive, object message)
    {
        try
        {
            return base.AroundReceive(receive, message);
        }
        catch (Exception failure)
        {
            Log.Error(failure, "{0} could not handle {1}", GetType().Name, message.GetType().Name);
            return true;
        }
    }
}
