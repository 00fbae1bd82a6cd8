using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using Pipeline.Configuration;
using Pipeline.EndToEnd.Tests.Processes;
using Pipeline.Logging;
using Serilog;
using Serilog.Core;
using Serilog.Events;

namespace Pipeline.EndToEnd.Tests.Logging;

/// <summary>Runs alone: the logger is one a process, and commands that run in this one set it too.</summary>
[Collection(TimedCollection.Name)]
public sealed class SerilogBridgeTests
{
    [Fact]
    public async Task Akkas_events_keep_their_named_holes_level_and_cause()
    {
        var collected = new Collector();
        Log.Logger = new LoggerConfiguration().WriteTo.Sink(collected).CreateLogger();
        var options = new LogOptions(LogEventLevel.Information, "", LogEventLevel.Information, 4096, 1);
        using (var system = ActorSystem.Create("bridge", LogSetup.Bridge(Config.Empty, options)))
        {
            var cause = new InvalidOperationException("why");
            Akka.Event.Logging.GetLogger(system, "test").Warning(cause, "window {Window} of {Job} waits", 7, "clips");
            await Eventually.IsTrue(() => collected.Has(LogEventLevel.Warning), "the event has come through the bridge");
            await system.Terminate();
        }

        var logged = Assert.Single(collected.Events, one => one.Level == LogEventLevel.Warning);
        Assert.Equal("window {Window} of {Job} waits", logged.MessageTemplate.Text);
        Assert.Equal("7", logged.Properties["Window"].ToString());
        Assert.Equal("\"clips\"", logged.Properties["Job"].ToString());
        Assert.Equal("why", logged.Exception!.Message);
    }

    private sealed class Collector : ILogEventSink
    {
        public List<Serilog.Events.LogEvent> Events { get; } = [];

        public bool Has(LogEventLevel level)
        {
            lock (Events)
            {
                return Events.Exists(one => one.Level == level);
            }
        }

        public void Emit(Serilog.Events.LogEvent logEvent)
        {
            lock (Events)
            {
                Events.Add(logEvent);
            }
        }
    }
}
