using Pipeline.Checkpoints;
using Pipeline.Kernels;

namespace Pipeline.Model;

/// <summary>Rotation of a tile's positions, the same for every tile and layer: two tables [positions, head size / 2].</summary>
internal sealed record VisionRotation(DeviceBuffer Cosines, DeviceBuffer Sines)
{
    public static VisionRotation Upload(IDevice device, VisionConfig config)
    {
        var (cosines, sines) = RotaryEmbedding.TileTables(config.RopeTheta, config.GridSize, config.HeadSize);
        return new VisionRotation(Table("vision cosines", cosines), Table("vision sines", sines));

        DeviceBuffer Table(string name, float[] values)
        {
            var table = device.Allocate(name, config.Positions(), config.HeadSize / 2);
            device.Upload(values, table, firstRow: 0);
            return table;
        }
    }
}

/// <summary>Both halves of a vision layer on one pass's buffers.</summary>
internal sealed class VisionLayerHalves
{
    private readonly IDevice _device;
    private readonly VisionConfig _config;
    private readonly VisionLayer _layer;
    private readonly VisionScratch _scratch;
    private readonly VisionRotation _rotation;
    private readonly Projection[] _queryKeyValue;
    private readonly Projection[] _output;
    private readonly Projection[] _fc1;
    private readonly Projection[] _fc2;
    private readonly float _softmaxScale;

    public VisionLayerHalves(IDevice device, VisionConfig config, VisionLayer layer, VisionScratch scratch, VisionRotation rotation)
    {
        _device = device;
        _config = config;
        _layer = layer;
        _scratch = scratch;
        _rotation = rotation;
        _softmaxScale = (float)(1 / Math.Sqrt(config.HeadSize));
        var attention = layer.Attention;
        _queryKeyValue =
        [
            new(attention.Query.Weight, scratch.Query, attention.Query.Bias),
            new(attention.Key.Weight, scratch.Key, attention.Key.Bias),
            new(attention.Value.Weight, scratch.Value, attention.Value.Bias),
        ];
        _output = [new(attention.Output.Weight, scratch.Hidden, attention.Output.Bias, Epilogue.Residual, Residual: scratch.Hidden)];
        _fc1 = [new(layer.Fc1.Weight, scratch.Inner, layer.Fc1.Bias, Epilogue.Gelu)];
        _fc2 = [new(layer.Fc2.Weight, scratch.Hidden, layer.Fc2.Bias, Epilogue.Residual, Residual: scratch.Hidden)];
    }

    /// <summary><c>h += o(attend(rotate(q, k), v))</c> of the normed rows, each tile by itself.</summary>
    public void Attend(int tiles)
    {
        var (s, positions) = (_scratch, _config.Positions());
        Norm(_layer.InputNorm, tiles * positions);
        _device.Product(s.Normed, tiles * positions, _queryKeyValue);
        _device.Rotate(s.Query, s.Key, tiles * positions, _config.Heads, _rotation.Cosines, _rotation.Sines);
        _device.AttendTiles(s.Query, s.Key, s.Value, tiles, positions, _config.Heads, _softmaxScale, s.Attended);
        _device.Product(s.Attended, tiles * positions, _output);
    }

    /// <summary><c>h += fc2(gelu(fc1 x))</c>.</summary>
    public void FeedForward(int tiles)
    {
        var rows = tiles * _config.Positions();
        Norm(_layer.PostAttentionNorm, rows);
        _device.Product(_scratch.Normed, rows, _fc1);
        _device.Product(_scratch.Inner, rows, _fc2);
    }

    private void Norm(LayerNorm norm, int rows) =>
        _device.Norm(NormKind.Layer, _scratch.Hidden, rows, norm.Weight, norm.Bias, (float)_config.NormEpsilon, _scratch.Normed);
}
