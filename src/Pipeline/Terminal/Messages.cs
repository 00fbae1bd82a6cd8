using Pipeline.Engine.Configuration;
using Pipeline.Jobs.Sinks;

namespace Pipeline.Terminal;

/// <summary>What a user is told on standard error.</summary>
internal static class Messages
{
    public static void WriteError(this TextWriter error, string message, string? hint)
    {
        error.Write(hint is null
            ? $"error: {DisplayText.Escape(message)}\n"
            : $"error: {DisplayText.Escape(message)}\nhint: {DisplayText.Escape(hint)}\n");
        error.Flush();
    }

    public static void WriteError(this TextWriter error, PipelineException failure)
    {
        if (failure is SettingsException settings)
        {
            foreach (var one in settings.Errors)
            {
                error.WriteError(one.Message, one.Hint);
            }
        }
        else
        {
            error.WriteError(failure.Message, failure.Hint);
        }
    }

    public static void WriteNote(this TextWriter error, string note)
    {
        error.Write(DisplayText.Escape(note) + "\n");
        error.Flush();
    }
}
