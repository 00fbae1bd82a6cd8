namespace Pipeline.Terminal;

/// <summary>Standard input as a sign of life: whoever started this process holds it open.</summary>
internal static class StandardInput
{
    /// <summary>Cancels when standard input ends. What is written to it is passed over.</summary>
    public static void CancelWhenClosed(CancellationTokenSource source)
    {
        var thread = new Thread(() =>
        {
            using var input = Console.OpenStandardInput();
            Span<byte> buffer = stackalloc byte[256];
            while (input.Read(buffer) > 0)
            {
                // It is no message.
            }

            source.Cancel();
        })
        {
            IsBackground = true,
            Name = "standard input",
        };
        thread.Start();
    }
}
