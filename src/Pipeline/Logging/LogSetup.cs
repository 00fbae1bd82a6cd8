using Akka.Configuration;
using Pipeline.Configuration;
using Serilog;
using Serilog.Events;
using Serilog.Formatting.Display;

namespace Pipeline.Logging;

/// <summary>Logs to stderr and, where it is set, to a rolling file; Akka's events among them.</summary>
internal static class LogSetup
{
    private const string Line = "{Timestamp:HH:mm:ss.fff} {Level:u3} {SourceContext} {Message:lj}{NewLine}{Exception}";
    private const string FileLine = "{Timestamp:yyyy-MM-dd} " + Line;

    /// <summary>Opens the log; disposing what is returned writes out the last lines.</summary>
    public static IDisposable Open(LogOptions options)
    {
        var logger = new LoggerConfiguration()
            .MinimumLevel.Verbose()
            .WriteTo.Console(
                new MessageTemplateTextFormatter(Line), restrictedToMinimumLevel: options.Level, standardErrorFromLevel: LogEventLevel.Verbose);
        if (options.File.Length > 0)
        {
            logger = logger.WriteTo.File(
                new MessageTemplateTextFormatter(FileLine),
                options.File,
                restrictedToMinimumLevel: options.FileLevel,
                fileSizeLimitBytes: options.FileBytes,
                rollingInterval: RollingInterval.Day,
                rollOnFileSizeLimit: true,
                retainedFileCountLimit: options.FilesKept);
        }

        Log.Logger = logger.CreateLogger();
        return new Closer();
    }

    /// <summary>Akka's settings with its log bridged, at the level that anyone listens to.</summary>
    public static Config Bridge(Config akka, LogOptions options)
    {
        var least = options.File.Length > 0 && options.FileLevel < options.Level ? options.FileLevel : options.Level;
        var level = least switch
        {
            LogEventLevel.Verbose or LogEventLevel.Debug => "DEBUG",
            LogEventLevel.Information => "INFO",
            LogEventLevel.Warning => "WARNING",
            _ => "ERROR",
        };
        return ConfigurationFactory.ParseString(
            $"""
            akka.loggers = ["{NameOf(typeof(SerilogBridge))}"]
            akka.loglevel = {level}
            akka.stdout-loglevel = OFF
            akka.stdout-logger-class = "{NameOf(typeof(NoStandardOutput))}"
            """).WithFallback(akka);
    }

    private static string NameOf(Type type) => $"{type.FullName}, {type.Assembly.GetName().Name}";

    private sealed class Closer : IDisposable
    {
        public void Dispose() => Log.CloseAndFlush();
    }
}
