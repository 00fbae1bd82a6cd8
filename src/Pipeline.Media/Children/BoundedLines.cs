using System.Buffers;
using System.Text;

namespace Pipeline.Media;

/// <summary>Splits a child's output into lines, however long it makes them.</summary>
internal static class BoundedLines
{
    /// <summary>Longer lines are cut: ffprobe's own are far shorter, and a file's metadata must not fill the memory.</summary>
    private const int MaxLength = 8192;

    public static async Task ReadAsync(Func<Memory<byte>, Task<int>> read, Action<string> onLine)
    {
        var chunk = ArrayPool<byte>.Shared.Rent(MaxLength);
        var line = ArrayPool<byte>.Shared.Rent(MaxLength);
        var length = 0;
        try
        {
            int count;
            while ((count = await read(chunk)) > 0)
            {
                foreach (var value in chunk.AsSpan(0, count))
                {
                    if (value == '\n')
                    {
                        onLine(Encoding.UTF8.GetString(line, 0, length));
                        length = 0;
                    }
                    else if (length < MaxLength)
                    {
                        line[length++] = value;
                    }
                }
            }

            if (length > 0)
            {
                onLine(Encoding.UTF8.GetString(line, 0, length));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
            ArrayPool<byte>.Shared.Return(line);
        }
    }
}
