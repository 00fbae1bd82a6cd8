using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Pipeline.Kernels;

/// <summary>What a team of threads can do at most on one instruction path: reading, copying, independent multiply-adds on registers.</summary>
public sealed class PortableLimits : IDeviceLimits
{
    /// <summary>Some times the last-level caches of current processors, and little beside their memory.</summary>
    private const long MemoryBytes = 1L << 30;

    private readonly NativeBlock _memory = new(MemoryBytes);
    private readonly CpuTeam _team;
    private readonly StreamWork _stream;
    private readonly MultiplyWork _multiply;

    public PortableLimits(CpuTeam team, InstructionPath path)
    {
        _team = team;
        _stream = new StreamWork(_memory, team.Threads);
        _multiply = new MultiplyWork(path, team.Threads);
        Multiplication = $"float32, {path.Words()}";

        // Pages that were never written share one page of zeros, which the cache holds.
        _stream.Kind = StreamKind.Fill;
        Time(_stream, _stream.Items);
    }

    public string Multiplication { get; }

    public double MeasureReading()
    {
        _stream.Kind = StreamKind.Read;
        return MemoryBytes / Time(_stream, _stream.Items);
    }

    public double MeasureCopying()
    {
        _stream.Kind = StreamKind.Copy;
        return MemoryBytes / Time(_stream, _stream.Items / 2);
    }

    public double MeasureMultiplyAdds()
    {
        var items = _team.Threads * MultiplyWork.ItemsPerThread;
        return items * _multiply.OperationsPerItem / Time(_multiply, items);
    }

    public void Dispose() => _memory.Dispose();

    private double Time(TeamWork work, int items)
    {
        var started = Stopwatch.GetTimestamp();
        _team.Run(work, items, long.MaxValue);
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}

internal enum StreamKind
{
    Fill,
    Read,
    Copy,
}

/// <summary>Passes over memory; an item is a piece of it, for a copy one of the first half.</summary>
internal sealed unsafe class StreamWork(NativeBlock memory, int threads) : TeamWork
{
    private const int Piece = 4 << 20;

    // What was read is kept, a cache line a thread: else the reading could be left out.
    private readonly Vector512<int>[] _seen = new Vector512<int>[threads];

    public StreamKind Kind { get; set; }

    public int Items => (int)(memory.Bytes / Piece);

    public override void Execute(int first, int end, int thread)
    {
        for (var item = first; item < end; item++)
        {
            var piece = memory.Address + ((long)item * Piece);
            switch (Kind)
            {
                case StreamKind.Read:
                    _seen[thread] ^= Read(piece);
                    break;
                case StreamKind.Copy:
                    Buffer.MemoryCopy(piece, piece + (memory.Bytes / 2), Piece, Piece);
                    break;
                default:
                    new Span<byte>(piece, Piece).Fill(1);
                    break;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static Vector512<int> Read(byte* piece)
    {
        var (a, b, c, d) = (Vector512<int>.Zero, Vector512<int>.Zero, Vector512<int>.Zero, Vector512<int>.Zero);
        for (nint i = 0; i < Piece; i += 256)
        {
            a ^= Vector512.Load((int*)(piece + i));
            b ^= Vector512.Load((int*)(piece + i + 64));
            c ^= Vector512.Load((int*)(piece + i + 128));
            d ^= Vector512.Load((int*)(piece + i + 192));
        }

        return a ^ b ^ c ^ d;
    }
}

/// <summary>Chains of multiply-adds that depend on nothing but themselves; an item is <see cref="Steps"/> of each.</summary>
internal sealed class MultiplyWork(InstructionPath path, int threads) : LaneWork(path)
{
    public const int ItemsPerThread = 32;
    private const int Steps = 1 << 16;

    // Twelve chains hide the latency of any current processor's multiply-add.
    private const int Chains = 12;

    private readonly InstructionPath _path = path;
    private readonly float[] _results = new float[threads];

    /// <summary>Floating-point operations of an item: two for each lane of each chain's step.</summary>
    public double OperationsPerItem => 2.0 * Chains * Steps * _path.Lanes();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Execute<V>(int first, int end, int thread)
    {
        var (x, y) = (V.Create(0.999f), V.Create(1e-3f));
        V a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y, i = y, j = y, k = y, l = y;
        for (var step = 0L; step < (long)(end - first) * Steps; step++)
        {
            a = V.MultiplyAdd(a, x, y);
            b = V.MultiplyAdd(b, x, y);
            c = V.MultiplyAdd(c, x, y);
            d = V.MultiplyAdd(d, x, y);
            e = V.MultiplyAdd(e, x, y);
            f = V.MultiplyAdd(f, x, y);
            g = V.MultiplyAdd(g, x, y);
            h = V.MultiplyAdd(h, x, y);
            i = V.MultiplyAdd(i, x, y);
            j = V.MultiplyAdd(j, x, y);
            k = V.MultiplyAdd(k, x, y);
            l = V.MultiplyAdd(l, x, y);
        }

        // A result that is kept cannot be optimised away.
        _results[thread] = V.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }
}
