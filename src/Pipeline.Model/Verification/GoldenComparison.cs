using Pipeline.Checkpoints;
using Pipeline.Kernels;

namespace Pipeline.Model;

/// <summary>How far a tensor is from its reference: the largest absolute difference; for greedy tokens, how many differ.</summary>
public readonly record struct TensorDifference(string Name, double Largest);

/// <summary>
/// Runs a model over the inputs of a reference file and compares what it computes. The file holds <c>text.input_ids</c> [1, n]
/// and <c>image.input_ids</c> [1, n] with <c>image.pixel_values</c> [tiles, channels, size, size], each optional, and of the
/// results any of <c>text.layer.N</c>, <c>text.logits</c>, <c>image.vision.layer.N</c>, <c>image.features</c>,
/// <c>image.layer.N</c>, <c>image.logits</c> and <c>image.greedy</c> [1, tokens].
/// </summary>
public sealed class GoldenComparison
{
    private readonly Llama4Model _model;
    private readonly TensorCatalog _reference;
    private readonly List<TensorDifference> _differences = [];

    private GoldenComparison(Llama4Model model, TensorCatalog reference)
    {
        _model = model;
        _reference = reference;
    }

    /// <summary>Every result in the file with its difference, in the order of computation.</summary>
    /// <exception cref="PipelineException">A tensor has a name or shape that this model does not yield, or an input is missing.</exception>
    public static IReadOnlyList<TensorDifference> Run(Llama4Model model, TensorCatalog reference)
    {
        var comparison = new GoldenComparison(model, reference);
        if (reference.Find("text.input_ids") is { } text)
        {
            comparison.CompareText("text", Ids(text), visual: []);
        }

        if (reference.Find("image.input_ids") is { } image)
        {
            comparison.CompareText("image", Ids(image), comparison.CompareVision());
        }

        comparison.RequireAllCompared();
        return comparison._differences;
    }

    private float[] CompareVision()
    {
        var pixels = _reference.Find("image.pixel_values") ?? throw Wrong("image.input_ids", "comes without image.pixel_values");
        var vision = _model.Vision ?? throw Wrong("image.pixel_values", "is for a vision encoder, which this model has none of");
        var tiles = (int)pixels.Shape[0];
        var pass = new VisionPass(vision, tiles)
        {
            Probe = (name, values, rows) => CompareBuffer(name == "features" ? "image.features" : $"image.vision.{name}", values, rows),
        };
        if (pixels.Count != (long)tiles * pass.TileElements)
        {
            throw Wrong(pixels.Name, $"is {TensorInfo.Describe(pixels.Shape)}, not tiles of {pass.TileElements} numbers");
        }

        pass.SetTiles(0, pixels.ReadFloats());
        pass.Start(tiles);
        while (pass.Advance() != PassState.Done)
        {
        }

        var visual = new float[tiles * pass.TokenElements];
        pass.Read(0, tiles, visual);
        return visual;
    }

    private void CompareText(string prefix, int[] ids, float[] visual)
    {
        var greedy = _reference.Find($"{prefix}.greedy") is { } tokens ? Ids(tokens) : [];
        if (ids.Count(id => id == _model.Config.ImageTokenId) * _model.Config.Text.HiddenSize != visual.Length)
        {
            throw Wrong($"{prefix}.input_ids", "names another number of visual tokens than the tiles yield");
        }

        var session = new SoloSession(_model, ids.Length, ids.Length + greedy.Length);
        session.Pass.Probe = (name, values, rows) => CompareBuffer($"{prefix}.{name}", values, rows);
        session.Prefill(ids, visual);
        session.Pass.Probe = null;
        if (_reference.Find($"{prefix}.logits") is { } logits)
        {
            Compare(logits, session.ReadLogits());
        }

        if (greedy.Length > 0)
        {
            var differing = session.Generate(greedy.Length).Zip(greedy).Count(pair => pair.First != pair.Second);
            _differences.Add(new TensorDifference($"{prefix}.greedy", differing));
        }
    }

    private void CompareBuffer(string name, DeviceBuffer values, int rows)
    {
        if (_reference.Find(name) is { } tensor)
        {
            var computed = new float[rows * values.Columns];
            _model.Device.Read(values, 0, rows, computed);
            Compare(tensor, computed);
        }
    }

    private void Compare(TensorInfo tensor, float[] computed)
    {
        var expected = tensor.ReadFloats();
        if (expected.Length != computed.Length)
        {
            throw Wrong(tensor.Name, $"is {TensorInfo.Describe(tensor.Shape)}, but the model yields {computed.Length} numbers");
        }

        var largest = 0.0;
        for (var i = 0; i < expected.Length; i++)
        {
            var difference = Math.Abs((double)expected[i] - computed[i]);
            largest = double.IsNaN(difference) ? double.PositiveInfinity : Math.Max(largest, difference);
        }

        _differences.Add(new TensorDifference(tensor.Name, largest));
    }

    private void RequireAllCompared()
    {
        string[] inputs = ["text.input_ids", "image.input_ids", "image.pixel_values"];
        var left = _reference.All.Select(tensor => tensor.Name).Except([.. inputs, .. _differences.Select(difference => difference.Name)]).ToList();
        if (left.Count > 0)
        {
            throw Wrong(string.Join(", ", left), "is nothing that this model computes from the inputs in the file");
        }
    }

    private static int[] Ids(TensorInfo tensor) => Array.ConvertAll(tensor.ReadIntegers(), id => (int)id);

    private static PipelineException Wrong(string tensor, string what) =>
        new("verify.reference", $"reference tensor {tensor} {what}", "Use a reference file that was made for this checkpoint.");
}
