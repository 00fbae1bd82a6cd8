namespace Pipeline.Kernels;

/// <summary>Four rows that a kernel takes together.</summary>
internal readonly unsafe struct Rows4(float* row0, float* row1, float* row2, float* row3)
{
    public float* Row0 { get; } = row0;

    public float* Row1 { get; } = row1;

    public float* Row2 { get; } = row2;

    public float* Row3 { get; } = row3;

    /// <summary><paramref name="count"/> rows, <paramref name="stride"/> floats apart; those beyond repeat the last.</summary>
    public static Rows4 From(float* first, int stride, int count) => new(
        first, first + (Math.Min(1, count - 1) * stride), first + (Math.Min(2, count - 1) * stride), first + (Math.Min(3, count - 1) * stride));

    public Rows4 Skip(int floats) => new(Row0 + floats, Row1 + floats, Row2 + floats, Row3 + floats);
}
