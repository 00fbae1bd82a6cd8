using System.Buffers.Binary;
using System.Security.Cryptography;
using Pipeline.Kernels;

namespace Pipeline.Checkpoints;

/// <summary>
/// A Hugging Face directory of a Llama 4 model, opened: settings and headers parsed and checked, no tensor read. Only what is asked for
/// is mapped into memory; all that was read from it points there and is valid until it is disposed.
/// </summary>
public sealed class Checkpoint : IDisposable
{
    private const string HowToGetOne =
        "Fetch a model into a directory, e.g. with `hf download meta-llama/Llama-4-Scout-17B-16E-Instruct --local-dir DIR` or `git clone` (with git-lfs), " +
        "then name it with --model DIR or PIPELINE_MODEL=DIR.";

    private Checkpoint(string directory, Quantization quantization, JsonSection config, byte[] configBytes)
    {
        var unknown = new List<string>();
        Directory = directory;
        Quantization = quantization;
        Config = Llama4ConfigReader.Read(config, unknown);
        Generation = GenerationDefaults.Read(directory, Config.Text, unknown);
        Processor = Config.Vision is null ? null : ProcessorConfigReader.Read(directory, Config.Vision, unknown);
        UnknownKeys = unknown;

        // Weights last: what is wrong with the settings explains most of what is wrong with them.
        Tensors = ShardIndex.Open(directory);
        Digest = DigestOf(configBytes, Tensors, quantization);
    }

    /// <summary>The path that was opened.</summary>
    public string Directory { get; }

    public Llama4Config Config { get; }

    /// <summary>How devices are to hold the weights of the language model's products.</summary>
    public Quantization Quantization { get; }

    public GenerationDefaults Generation { get; }

    /// <summary>How pictures become tiles and placeholders; null for text-only checkpoints.</summary>
    public ProcessorConfig? Processor { get; }

    public TensorCatalog Tensors { get; }

    /// <summary>
    /// SHA-256, in hex, of config.json and of the names, lengths and headers of the weight files: cheap, no weight is read. Where weights
    /// are quantized the format follows, as equal digests stand for equal results.
    /// </summary>
    public string Digest { get; }

    /// <summary>Keys of the settings files that are neither honoured nor known to be harmless, for a warning.</summary>
    public IReadOnlyList<string> UnknownKeys { get; }

    /// <summary>Opens a model directory.</summary>
    /// <param name="quantization">How devices are to hold the weights of the language model's products.</param>
    /// <exception cref="PipelineException">Anything that is missing, damaged or not supported; the message names file and key.</exception>
    public static Checkpoint Open(string directory, Quantization quantization = Quantization.None)
    {
        var (config, bytes) = ReadSettings(directory);
        return new Checkpoint(directory, quantization, config, bytes);
    }

    /// <summary>Reads config.json alone: the directory needs no weights.</summary>
    /// <exception cref="PipelineException">It is missing, damaged or not supported; the message names file and key.</exception>
    public static Llama4Config ReadConfig(string directory) => Llama4ConfigReader.Read(ReadSettings(directory).Config, []);

    /// <summary>All weights by their role, checked for name, shape and type.</summary>
    /// <param name="routedExperts">False leaves the routed experts out: they are checked like the others, but not mapped.</param>
    /// <exception cref="PipelineException">Tensors are missing, misshapen or unexpected; one message lists them.</exception>
    public Llama4Tensors ReadLlama4(bool routedExperts = true) => Claim(kind => routedExperts || kind != TensorKind.RoutedExperts).Tensors;

    /// <summary>The routed experts alone; nothing is mapped yet.</summary>
    /// <exception cref="PipelineException">Tensors are missing, misshapen or unexpected; one message lists them.</exception>
    public RoutedExperts ReadExperts() => new(Claim(_ => false).Reader.ExpertLayouts);

    /// <summary>Parameters, and bytes on a device, by kind of tensor.</summary>
    /// <exception cref="PipelineException">Tensors are missing, misshapen or unexpected; one message lists them.</exception>
    public ModelSummary Summarize() => ModelSummary.Of(Config.Text, Claim(_ => false).Claims.Sizes);

    public void Dispose() => Tensors.Dispose();

    private static (JsonSection Config, byte[] Bytes) ReadSettings(string directory)
    {
        if (!System.IO.Directory.Exists(directory))
        {
            throw new PipelineException(
                "checkpoint.missing", File.Exists(directory) ? $"{directory}: is a file, not a model directory" : $"{directory}: no such model directory", HowToGetOne);
        }

        var file = Path.Combine(directory, "config.json");
        var bytes = JsonFile.ReadBytes(file)
            ?? throw new PipelineException("checkpoint.missing", $"{directory}: holds no config.json, so it is no model directory", HowToGetOne);
        return (new JsonSection(file, "", JsonFile.ParseObject(file, bytes)), bytes);
    }

    private (Llama4Tensors Tensors, Llama4TensorReader Reader, TensorClaims Claims) Claim(Func<TensorKind, bool> maps)
    {
        var claims = new TensorClaims(Tensors, Quantization, maps);
        var reader = new Llama4TensorReader(Config, claims);
        var tensors = reader.Read();
        claims.RequireComplete(Directory);
        return (tensors, reader, claims);
    }

    private static string DigestOf(byte[] config, TensorCatalog tensors, Quantization quantization)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[sizeof(long)];
        hash.AppendData(config);
        foreach (var file in tensors.Files)
        {
            BinaryPrimitives.WriteInt64LittleEndian(length, file.Length);
            hash.AppendData(length);
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes(Path.GetFileName(file.Path)));
            hash.AppendData(file.Header.Span);
        }

        var digest = Convert.ToHexStringLower(hash.GetHashAndReset());
        return quantization == Quantization.None ? digest : $"{digest}-{quantization.ToString().ToLowerInvariant()}";
    }
}
