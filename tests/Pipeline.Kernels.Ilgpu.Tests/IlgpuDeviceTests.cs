using ILGPU;

namespace Pipeline.Kernels.Tests;

/// <summary>What a device with memory and a queue of its own adds to the contract.</summary>
public sealed class IlgpuDeviceTests(OptimizedSimulator fixture) : IClassFixture<OptimizedSimulator>
{
    [Fact]
    public void Each_step_table_is_what_was_uploaded_last_of_it()
    {
        using var device = new IlgpuDevice(fixture.Runtime, ownsRuntime: false);
        var source = device.Allocate("source", 4, 1);
        device.Upload([0f, 1f, 2f, 3f], source, 0);
        StepTable[] tables = [Outputs(1, 2), Outputs(3)];
        foreach (var table in tables)
        {
            device.Upload(table);
        }

        Assert.Equal([1f, 2f], Gather(device, tables[0], source));
        tables[0].OutputRows[0] = 0;
        Assert.Equal([1f, 2f], Gather(device, tables[0], source));
        device.Upload(tables[0]);
        Assert.Equal([3f], Gather(device, tables[1], source));
        Assert.Equal([0f, 2f], Gather(device, tables[0], source));
    }

    [Fact]
    public void A_table_whose_counts_changed_must_be_uploaded_again()
    {
        using var device = new IlgpuDevice(fixture.Runtime, ownsRuntime: false);
        var table = Outputs(1);
        device.Upload(table);
        table.Outputs = 2;
        var refused = Assert.Throws<ArgumentException>(() => Gather(device, table, device.Allocate("source", 4, 1)));
        Assert.StartsWith("GatherRows: step table was not uploaded", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fence_is_done_when_what_was_enqueued_before_it_is()
    {
        using var device = new IlgpuDevice(fixture.Runtime, ownsRuntime: false);
        var (first, second) = (device.Fence(), device.Fence());
        fixture.Runtime.Stream.Synchronize();
        Assert.True(device.IsDone(first) && device.IsDone(second));
        Assert.False(device.IsDone(second + 1));
    }

    [Fact]
    public void What_does_not_fit_is_refused_with_both_numbers_and_what_is_freed_fits_again()
    {
        using var weights = new TestWeights(seed: 90);
        using var runtime = IlgpuRuntime.OpenSimulator(OptimizationLevel.O2, capacity: 8192);
        using var device = new IlgpuDevice(runtime, ownsRuntime: false);
        var spec = weights.Matrix(outputs: 40, inputs: 40, NumberFormat.BF16, WeightOrientation.OutputsByInputs);
        var before = device.FreeBytes;
        var weight = device.Load(spec);
        Assert.Equal(before - (40 * 128), device.FreeBytes); // rows of 80 bytes take 128
        var refused = Assert.Throws<PipelineException>(() => device.Load(spec));
        Assert.Equal("device.memory", refused.Code);
        Assert.Contains($"takes 5,120 bytes, {device.FreeBytes:N0} are free", refused.Message, StringComparison.Ordinal);
        device.Free(weight);
        Assert.Throws<ArgumentException>(() => device.Free(weight));
        Assert.Equal(before, device.FreeBytes);
        device.Load(spec);
    }

    [Fact]
    public void A_device_that_computes_wrongly_is_refused_by_the_operation()
    {
        using var device = new IlgpuDevice(fixture.Runtime, ownsRuntime: false);
        Assert.Null(DeviceCheck.Difference(device));

        // No float32 is as near as this.
        Assert.Matches("^its norm of 4 rows is [0-9.e-]+ from the right result$", DeviceCheck.Difference(device, tolerance: 1e-12));
    }

    [Theory]
    [InlineData("cuda:0", true)]
    [InlineData("opencl:12", true)]
    [InlineData("simulator", true)]
    [InlineData("cuda", false)]
    [InlineData("cuda:", false)]
    [InlineData("cuda:-1", false)]
    [InlineData("cuda:0:1", false)]
    [InlineData("metal:0", false)]
    public void Devices_are_named_by_kind_and_number(string name, bool valid) => Assert.Equal(valid, IlgpuDevices.IsName(name));

    private static StepTable Outputs(params int[] rows)
    {
        var table = new StepTable(rows: 4, sequences: 1, pages: 1, pairs: 1) { Outputs = rows.Length };
        rows.CopyTo(table.OutputRows, 0);
        return table;
    }

    private static float[] Gather(IlgpuDevice device, StepTable table, DeviceBuffer source)
    {
        var target = device.Allocate("target", table.Outputs, 1);
        device.GatherRows(table, source, target);
        var read = new float[table.Outputs];
        device.Read(target, 0, table.Outputs, read);
        return read;
    }
}
