using Akka.Actor;
using Akka.Dispatch;
using Akka.Event;
using Serilog;
using Serilog.Events;
using AkkaLevel = Akka.Event.LogLevel;

namespace Pipeline.Logging;

/// <summary>Hands Akka's log events to Serilog with their named holes.</summary>
internal sealed class SerilogBridge : UntypedActor, IRequiresMessageQueue<ILoggerMessageQueueSemantics>
{
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case InitializeLogger:
                Sender.Tell(new LoggerInitialized());
                break;
            case Akka.Event.LogEvent logged:
                Write(logged);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private static void Write(Akka.Event.LogEvent logged)
    {
        var level = LevelOf(logged.LogLevel());
        level = IsTransport(logged) ? LogEventLevel.Debug
            : level == LogEventLevel.Warning && IsMembership(logged) ? LogEventLevel.Information
            : level;
        var logger = Log.ForContext("SourceContext", logged.LogSource);
        if (logged.Message is LogMessage { Format: var template } message)
        {
            logger.Write(level, logged.Cause, template, [.. message.Parameters()]);
        }
        else
        {
            logger.Write(level, logged.Cause, "{Message:l}", logged.Message?.ToString());
        }
    }

    /// <summary>Each connection that ends is an error to Akka's transport; a node that is gone is told by who needs it, once.</summary>
    private static bool IsTransport(Akka.Event.LogEvent logged) =>
        logged.LogClass?.Namespace?.StartsWith("Akka.Remote", StringComparison.Ordinal) == true
        || logged.LogSource.StartsWith("remoting", StringComparison.Ordinal)
        || logged.LogSource.Contains("/system/endpointManager/", StringComparison.Ordinal);

    /// <summary>A cluster that forms, or whose machines are busy, warns of what it then mends by itself.</summary>
    private static bool IsMembership(Akka.Event.LogEvent logged) =>
        logged.LogClass?.Namespace?.StartsWith("Akka.Cluster", StringComparison.Ordinal) == true
        || logged.LogSource.Contains("/system/sharding/", StringComparison.Ordinal)
        || logged.LogSource.Contains("/system/cluster/", StringComparison.Ordinal);

    private static LogEventLevel LevelOf(AkkaLevel level) => level switch
    {
        AkkaLevel.DebugLevel => LogEventLevel.Debug,
        AkkaLevel.InfoLevel => LogEventLevel.Information,
        AkkaLevel.WarningLevel => LogEventLevel.Warning,
        _ => LogEventLevel.Error,
    };
}
