using Akka.Event;

namespace Pipeline.Logging;

/// <summary>Takes the place of the logger that Akka falls back to while its others start and stop: standard output is for results.</summary>
#pragma warning disable MA0097 // an actor reference is comparable; its operators are Akka's business
internal sealed class NoStandardOutput : MinimalLogger
{
    protected override void Log(object message)
    {
    }
}
