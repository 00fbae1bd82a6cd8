using Akka.Actor;
using Pipeline.Engine.Vision;
using Pipeline.Model;

namespace Pipeline.Engine.Running;

/// <summary>Tiles of several windows through the vision encoder and projector, out into host arrays.</summary>
internal sealed class VisionRun(ModelHost host, int attachment, IReadOnlyList<TileSlice> batch, IActorRef owner)
    : Run(RunKind.Vision, attachment)
{
    private readonly VisionPass _pass = host.Vision ?? throw new InvalidOperationException("The model has no vision encoder.");

    public override void Start()
    {
        var tiles = 0;
        foreach (var slice in batch)
        {
            _pass.SetTiles(tiles, slice.Request.Pixels.AsSpan(slice.FirstTile * _pass.TileElements, slice.Tiles * _pass.TileElements));
            tiles += slice.Tiles;
        }

        _pass.Start(tiles);
    }

    public override PassState Advance() => _pass.Advance();

    public override void Finish()
    {
        var tile = 0;
        foreach (var slice in batch)
        {
            var request = slice.Request;
            request.Rows ??= new float[request.Tiles * _pass.TokenElements];
            _pass.Read(tile, slice.Tiles, request.Rows.AsSpan(slice.FirstTile * _pass.TokenElements, slice.Tiles * _pass.TokenElements));
            request.Encoded += slice.Tiles;
            tile += slice.Tiles;
        }

        owner.Tell(new VisionActor.BatchEncoded(Attachment));
    }

    public override void Fail() => throw new InvalidOperationException("A vision batch has no experts to wait for.");

    public override void Abandon()
    {
        // Nothing of it lies outside the device.
    }
}
