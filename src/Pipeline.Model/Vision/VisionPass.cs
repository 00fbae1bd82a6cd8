using Pipeline.Checkpoints;
using Pipeline.Kernels;

namespace Pipeline.Model;

/// <summary>
/// One Run through the vision encoder: a batch of tiles to visual tokens, half a layer a call. Tiles are independent:
/// what one yields does not depend on its batch. Advance never blocks and allocates nothing.
/// </summary>
public sealed class VisionPass
{
    private readonly VisionModel _model;
    private readonly VisionConfig _config;
    private readonly IDevice _device;
    private readonly VisionScratch _scratch;
    private readonly TileShape _tile;
    private readonly float _epsilon;
    private readonly VisionLayerHalves[] _layers;
    private readonly Projection[] _patchEmbedding;
    private readonly Projection[] _adapterFc1;
    private readonly Projection[] _adapterFc2;
    private readonly Projection[] _projector;
    private int _tiles;
    private int _layer;
    private bool _attended;

    /// <param name="model">Weights, shared with other passes.</param>
    /// <param name="maxTiles">Most tiles of a batch.</param>
    public VisionPass(VisionModel model, int maxTiles)
    {
        _model = model;
        _config = model.Config;
        _device = model.Device;
        _tile = _config.Tile();
        _epsilon = (float)_config.NormEpsilon;
        MaxTiles = maxTiles;
        _scratch = new VisionScratch(_config, model.HiddenSize, maxTiles, _device.Allocate);
        var rotation = VisionRotation.Upload(_device, _config);
        _layers = [.. model.Layers.Select(layer => new VisionLayerHalves(_device, _config, layer, _scratch, rotation))];
        _patchEmbedding = [new(model.PatchEmbedding, _scratch.Embedded)];
        _adapterFc1 = [new(model.AdapterFc1, _scratch.AdapterInner, Epilogue: Epilogue.Gelu)];
        _adapterFc2 = [new(model.AdapterFc2, _scratch.Features, Epilogue: Epilogue.Gelu)];
        _projector = [new(model.Projector, _scratch.Visual)];
    }

    public int MaxTiles { get; }

    /// <summary>Floats of one tile: channels * size * size.</summary>
    public int TileElements => _tile.TileElements;

    /// <summary>Floats of one tile's visual tokens: tokens a tile * hidden.</summary>
    public int TokenElements => _config.TokensPerTile * _model.HiddenSize;

    /// <summary>
    /// Sees <c>layer.N</c> [tiles * (patches + 1), hidden] and <c>features</c> [tiles * tokens, projector output]; null where
    /// nobody looks.
    /// </summary>
    public PassProbe? Probe { get; set; }

    /// <summary>Bytes of the buffers that a pass of this size allocates.</summary>
    public static long Bytes(VisionConfig config, int hiddenSize, int maxTiles)
    {
        var plan = new BufferPlan();
        _ = new VisionScratch(config, hiddenSize, maxTiles, plan.Allocate);
        return plan.Bytes;
    }

    /// <summary>Uploads normalised tiles <c>[n, channels, size, size]</c> as the tiles from <paramref name="first"/> on.</summary>
    public void SetTiles(int first, ReadOnlySpan<float> pixels) => _device.Upload(pixels, _scratch.Pixels, first);

    /// <summary>Sets the cursor before the patch embedding of the first <paramref name="tiles"/> tiles.</summary>
    public void Start(int tiles)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tiles, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tiles, MaxTiles);
        _tiles = tiles;
        _layer = -1;
        _attended = false;
    }

    /// <summary>Goes on by one piece: the patch embedding, half a layer, or adapter and projector.</summary>
    public PassState Advance()
    {
        if (_layer < 0)
        {
            EmbedPatches();
            _layer = 0;
        }
        else if (_layer == _layers.Length)
        {
            Project();
            return PassState.Done;
        }
        else if (!_attended)
        {
            _layers[_layer].Attend(_tiles);
            _attended = true;
        }
        else
        {
            _layers[_layer].FeedForward(_tiles);
            Probe?.Invoke($"layer.{_layer}", _scratch.Hidden, _tiles * _config.Positions());
            _attended = false;
            _layer++;
        }

        return PassState.Running;
    }

    /// <summary>Visual tokens <c>[tiles * tokens, hidden]</c> of some tiles of the batch that is done.</summary>
    public void Read(int firstTile, int tiles, Span<float> visualTokens) =>
        _device.Read(_scratch.Visual, firstTile * _config.TokensPerTile, tiles * _config.TokensPerTile, visualTokens);

    private void EmbedPatches()
    {
        _device.Unfold(_scratch.Pixels, _tiles, _tile, _scratch.Patches);
        _device.Product(_scratch.Patches, _tiles * _tile.Patches, _patchEmbedding);
        _device.AddPositions(_scratch.Embedded, _tiles, _model.ClassEmbedding, _model.PositionalEmbedding, _scratch.Normed);
        Norm(_scratch.Normed, _model.NormPre, _scratch.Hidden);
    }

    private void Project()
    {
        var tokens = _tiles * _config.TokensPerTile;
        Norm(_scratch.Hidden, _model.NormPost, _scratch.Normed);
        _device.PixelShuffle(_scratch.Normed, _tiles, _config.GridSize, _config.ShuffleFactor, _scratch.Shuffled);
        _device.Product(_scratch.Shuffled, tokens, _adapterFc1);
        _device.Product(_scratch.AdapterInner, tokens, _adapterFc2);
        Probe?.Invoke("features", _scratch.Features, tokens);
        _device.Product(_scratch.Features, tokens, _projector);
    }

    private void Norm(DeviceBuffer input, LayerNorm norm, DeviceBuffer output) =>
        _device.Norm(NormKind.Layer, input, _tiles * _config.Positions(), norm.Weight, norm.Bias, _epsilon, output);
}
