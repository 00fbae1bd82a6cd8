using Pipeline.Media;

namespace Pipeline.Engine.Graph;

/// <summary>A decoded picture of a window; its memory is a share of <c>media.frames-in-flight</c>.</summary>
internal sealed record SampledFrame(int Picture, Frame Frame);

/// <summary>A picture's normalised tiles with their share of <c>vision.tokens-waiting</c>.</summary>
/// <param name="Picture">Index in the window.</param>
/// <param name="Pixels">[tiles, 3, size, size], rented from the shared pool.</param>
/// <param name="Tiles">Tiles, the global one included.</param>
/// <param name="Lease">The share, handed on with the visual tokens.</param>
internal sealed record TiledPicture(int Picture, float[] Pixels, int Tiles, Gate.Lease Lease);

/// <summary>A picture's visual tokens <c>[tiles * tokens, hidden]</c> with their share of <c>vision.tokens-waiting</c>.</summary>
internal sealed record EncodedPicture(float[] Rows, Gate.Lease Lease);
