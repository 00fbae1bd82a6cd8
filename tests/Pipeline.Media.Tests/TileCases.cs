using System.Diagnostics;
using System.Text.Json;
using Pipeline.Checkpoints;

namespace Pipeline.Media.Tests;

/// <summary>A case of tests/data/images: a picture, the settings, and what transformers made of it.</summary>
/// <param name="Tensor">Key of its pixels in pixel_values.safetensors, or null where only the layout is known.</param>
/// <param name="Tiles">Shape [tiles, 3, size, size].</param>
public sealed record TileCase(
    string Image, int Width, int Height, int Tile, int MaxTiles, bool ResizeToMaxCanvas, int[] RowsColumns, int[] Tiles, string? Tensor)
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private static string Folder { get; } = Path.Combine(SharedData.Root, "tests", "data", "images");

    public static IReadOnlyList<TileCase> All { get; } =
        JsonSerializer.Deserialize<TileCase[]>(File.ReadAllText(Path.Combine(Folder, "cases.json")), Json)!;

    public TilingOptions Options => OptionsFor(Tile, MaxTiles, ResizeToMaxCanvas);

    public static TilingOptions OptionsFor(int tile, int maxTiles, bool toMaxCanvas = false) =>
        new(tile, maxTiles, toMaxCanvas, [0.5f, 0.5f, 0.5f], [0.5f, 0.5f, 0.5f], 1 / 255.0);

    /// <summary>The 8-bit level that a normalised value came from, its rounding to bfloat16 undone.</summary>
    public static int Level(float value) => (int)MathF.Round(((value * 0.5f) + 0.5f) * 255);

    public byte[] DecodeRgb()
    {
        string[] arguments =
            ["-v", "error", "-i", Path.Combine(Folder, Image), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"];
        using var ffmpeg = Process.Start(new ProcessStartInfo("ffmpeg", arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        using var rgb = new MemoryStream();
        ffmpeg.StandardOutput.BaseStream.CopyTo(rgb);
        ffmpeg.WaitForExit();
        Assert.Equal(0, ffmpeg.ExitCode);
        return rgb.ToArray();
    }

    /// <summary>The reference's normalised values, [tiles, 3, size, size].</summary>
    public float[] ReadPixels()
    {
        using var tensors = SafetensorsFile.Open(Path.Combine(Folder, "pixel_values.safetensors"));
        return tensors.Find(Tensor!)!.ReadFloats();
    }

    public override string ToString() => $"{Image}, {Tile} pixels, at most {MaxTiles}{(ResizeToMaxCanvas ? ", max canvas" : "")}";
}
