using Pipeline.Model;

namespace Pipeline.Bench;

/// <summary>One batch of tiles, from their pixels to their visual tokens on the host.</summary>
internal sealed class VisionWorkload : Workload
{
    private const int Seed = 2;

    private readonly VisionPass _pass;
    private readonly float[] _pixels;
    private readonly float[] _tokens;

    public VisionWorkload(VisionModel model, ModelCost cost, int tiles)
    {
        (Size, Operations) = (tiles, tiles * cost.TileOperations);
        _pass = new VisionPass(model, tiles);
        var random = new Random(Seed);
        _pixels = [.. Enumerable.Range(0, tiles * _pass.TileElements).Select(_ => (2 * random.NextSingle()) - 1)];
        _tokens = new float[tiles * _pass.TokenElements];
    }

    public override string Kind => "vision";

    public override int Size { get; }

    public override string SizeUnit => "tiles";

    public override int Yield => Size;

    public override double Operations { get; }

    public override void Run(CancellationToken cancellation)
    {
        _pass.SetTiles(0, _pixels);
        _pass.Start(Size);
        while (_pass.Advance() != PassState.Done)
        {
            cancellation.ThrowIfCancellationRequested();
        }

        _pass.Read(0, Size, _tokens);
    }
}
