using System.Runtime.CompilerServices;

namespace Pipeline.Kernels;

/// <summary>What happens to a row of sums on its way to the output.</summary>
internal static unsafe class Epilogues
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scale<V>(float* sums, int count, float factor)
        where V : unmanaged, ILanes<V>
    {
        for (var i = 0; i < count; i += V.Count)
        {
            V.Store(V.Load(sums + i) * V.Create(factor), sums + i);
        }
    }

    /// <summary>Applies the epilogue to a row of sums; inputs are read in whole vectors, only <paramref name="count"/> floats are written.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply<V>(
        Epilogue epilogue, float* sums, float* gates, float* bias, float* residual, float* output, int count)
        where V : unmanaged, ILanes<V>
    {
        for (var i = 0; i < count; i += V.Count)
        {
            var value = V.Load(sums + i);
            if (bias is not null)
            {
                value += V.Load(bias + i);
            }

            value = epilogue switch
            {
                Epilogue.Gelu => VectorMath.Gelu(value),
                Epilogue.Residual => V.Load(residual + i) + value,
                Epilogue.SwiGlu => VectorMath.Silu(V.Load(gates + i)) * value,
                _ => value,
            };
            Partial.StoreUpTo(value, output + i, count - i);
        }
    }
}
