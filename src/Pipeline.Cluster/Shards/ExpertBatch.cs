using Pipeline.Checkpoints;
using Pipeline.Kernels;

namespace Pipeline.Cluster.Shards;

/// <summary>Buffers for one batch of expert rows on a device, made once; each assignment is a row of its own. On the device's thread only.</summary>
internal sealed class ExpertBatch
{
    private readonly IDevice _device;
    private readonly DeviceBuffer _input;
    private readonly DeviceBuffer _inner;
    private readonly DeviceBuffer _output;
    private readonly DeviceRouting _routing;
    private readonly int[] _parts;
    private readonly float[] _scores;
    private readonly int _hidden;

    /// <param name="device">Where the rows are computed.</param>
    /// <param name="config">Widths of rows and experts.</param>
    /// <param name="rows">Most assignments of a batch.</param>
    public ExpertBatch(IDevice device, TextConfig config, int rows)
    {
        _device = device;
        _hidden = config.HiddenSize;
        _input = device.Allocate("expert input", rows, config.HiddenSize);
        _inner = device.Allocate("expert inner", rows, config.IntermediateSize);
        _output = device.Allocate("expert output", rows, config.HiddenSize);
        _routing = device.AllocateRouting(rows, slots: 1);
        _parts = new int[rows];
        _scores = new float[rows];
    }

    /// <summary>Bytes of the buffers for so many rows.</summary>
    public static long Bytes(TextConfig config, int rows) => (long)sizeof(float) * rows * ((2L * config.HiddenSize) + config.IntermediateSize);

    /// <summary>Computes all slices as one grouped product and writes their output rows.</summary>
    /// <returns>Rows that were computed.</returns>
    public int Run(ShardWeights weights, int layer, List<ExpertSlice> slices)
    {
        var rows = 0;
        foreach (var slice in slices)
        {
            var assignments = slice.Request.Assignments.Slice(slice.First, slice.Count);
            for (var i = 0; i < assignments.Length; i++)
            {
                _parts[rows + i] = weights.PartOf(layer, assignments[i].Expert);
                _scores[rows + i] = assignments[i].Score;
            }

            UploadRows(slice.Request.Input, assignments, rows);
            rows += slice.Count;
        }

        _device.Upload(_parts.AsSpan(0, rows), _scores.AsSpan(0, rows), _routing);
        _device.ExpertRows(_input, _routing, rows, weights.Weights(layer), _inner, _output);
        var first = 0;
        foreach (var slice in slices)
        {
            _device.Read(_output, first, slice.Count, slice.Request.Output.Slice(slice.First * _hidden, slice.Count * _hidden));
            first += slice.Count;
        }

        return rows;
    }

    /// <summary>Rows that follow each other in the request, as most do, are one upload.</summary>
    private void UploadRows(ReadOnlySpan<float> input, ReadOnlySpan<ExpertAssignment> assignments, int target)
    {
        for (var i = 0; i < assignments.Length;)
        {
            var count = 1;
            while (i + count < assignments.Length && assignments[i + count].Row == assignments[i].Row + count)
            {
                count++;
            }

            _device.Upload(input.Slice(assignments[i].Row * _hidden, count * _hidden), _input, target + i);
            i += count;
        }
    }
}
