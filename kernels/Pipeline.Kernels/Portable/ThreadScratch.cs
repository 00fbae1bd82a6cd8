namespace Pipeline.Kernels;

/// <summary>Native memory of one thread of the team, reused by every piece of work; grown between operations, never inside one.</summary>
internal sealed unsafe class ThreadScratch : IDisposable
{
    private NativeBlock _extra = new(0);
    private readonly NativeBlock _product = new(
        (ProductKernel.PanelSize + ProductKernel.CarrySize + (2L * ProductKernel.SumsSize)) * sizeof(float));

    /// <summary>A widened block of a weight.</summary>
    public float* Panel => (float*)_product.Address;

    /// <summary>Accumulators between the panels of a product.</summary>
    public float* Carry => Panel + ProductKernel.PanelSize;

    /// <summary>Sums of a tile of outputs.</summary>
    public float* Sums => Carry + ProductKernel.CarrySize;

    /// <summary>Sums of the gate's tile.</summary>
    public float* GateSums => Sums + ProductKernel.SumsSize;

    /// <summary>As many floats as <see cref="Reserve"/> was last asked for, or more.</summary>
    public float* Extra => (float*)_extra.Address;

    public void Reserve(long floats)
    {
        if (_extra.Bytes < floats * sizeof(float))
        {
            _extra.Dispose();
            _extra = new NativeBlock(floats * sizeof(float));
        }
    }

    public void Dispose()
    {
        _extra.Dispose();
        _product.Dispose();
    }
}
