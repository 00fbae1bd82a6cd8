using System.Buffers;

namespace Pipeline.Media;

/// <summary>Resizes an RGB24 picture row by row: across first, rounded to levels, then down, as the reference orders
/// its passes. Holds only the rows that the next result takes from, whatever the shape of the picture.</summary>
internal ref struct RowResampler : IDisposable
{
    private readonly ReadOnlySpan<byte> _rgb;
    private readonly ResampleWeights _across;
    private readonly ResampleWeights _down;
    private readonly byte[] _scratch;
    private readonly Span<byte> _ring;
    private readonly Span<byte> _result;
    private readonly Span<byte> _tail;
    private int _rowsRead;

    /// <param name="rgb">[height, width, 3], where height and width are the sources of the two weights.</param>
    public RowResampler(ReadOnlySpan<byte> rgb, ResampleWeights across, ResampleWeights down)
    {
        _rgb = rgb;
        _across = across;
        _down = down;
        var row = ResampleKernels.PaddedRow(across.Target);
        var tail = checked((across.Source * 3) + ResampleKernels.Overshoot(across));
        var ring = checked(row * down.Taps);
        _scratch = ArrayPool<byte>.Shared.Rent(checked(ring + row + tail));
        _ring = _scratch.AsSpan(0, ring);
        _result = _scratch.AsSpan(ring, row);
        _tail = _scratch.AsSpan(ring + row, tail);
    }

    /// <summary>Row <paramref name="y"/> of the result, valid until the next call. Ask for rows in ascending order.</summary>
    public ReadOnlySpan<byte> Row(int y)
    {
        var end = Math.Min(_down.First[y] + _down.Taps, _down.Source);
        for (; _rowsRead < end; _rowsRead++)
        {
            Read(_rowsRead, _ring.Slice(_rowsRead % _down.Taps * _result.Length, _result.Length));
        }

        ResampleKernels.Vertical(_ring, _down.Taps, _down, y, _result);
        return _result[..(_across.Target * 3)];
    }

    public readonly void Dispose() => ArrayPool<byte>.Shared.Return(_scratch);

    private readonly void Read(int y, Span<byte> target)
    {
        var bytes = _across.Source * 3;
        var rest = _rgb[(y * bytes)..];
        if (_across.IsIdentity)
        {
            rest[..bytes].CopyTo(target);
            return;
        }

        // The kernel reads beyond the row; at the picture's end there is nothing to read.
        if (rest.Length < _tail.Length)
        {
            rest[..bytes].CopyTo(_tail);
            rest = _tail;
        }

        ResampleKernels.Horizontal(rest, _across, target);
    }
}
