namespace Pipeline.Engine.Configuration;

/// <summary>One thing wrong with the settings.</summary>
/// <param name="Message">Names the full path of the key, its value and where it was said.</param>
public sealed record SettingsError(string Message, string? Hint);

/// <summary>Settings that cannot be used: all that is wrong with them, at once.</summary>
public sealed class SettingsException(IReadOnlyList<SettingsError> errors)
    : PipelineException(
        "config.invalid",
        string.Join('\n', errors.Select(error => error.Message)),
        errors.Count == 1 ? errors[0].Hint : null)
{
    public SettingsException(string message, string? hint)
        : this([new SettingsError(message, hint)])
    {
    }

    /// <summary>In the order of their paths; never empty.</summary>
    public IReadOnlyList<SettingsError> Errors { get; } = errors;
}
