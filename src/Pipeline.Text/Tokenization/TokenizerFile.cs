namespace Pipeline.Text;

/// <summary>Opens a tokenizer's file, within bounds.</summary>
internal static class TokenizerFile
{
    /// <summary>The largest tokenizer files in use have 35 MB.</summary>
    private const long MaxBytes = 256L << 20;

    /// <exception cref="PipelineException">The file can't be read, or is larger than any tokenizer.</exception>
    public static Stream Open(string path)
    {
        try
        {
            var stream = File.OpenRead(path);
            if (stream.Length > MaxBytes)
            {
                stream.Dispose();
                throw TokenizerErrors.Invalid(path, $"a tokenizer has at most {MaxBytes} bytes");
            }

            return stream;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new PipelineException("tokenizer.unreadable", $"{path}: {e.Message}", "Check that the file may be read.", inner: e);
        }
    }
}
