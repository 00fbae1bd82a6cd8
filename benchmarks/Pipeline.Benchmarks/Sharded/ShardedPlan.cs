using System.CommandLine;
using Pipeline.Checkpoints;

namespace Pipeline.Benchmarks.Sharded;

/// <summary>What is measured.</summary>
/// <param name="Model">The checkpoint's folder; made where it is missing.</param>
/// <param name="Nodes">Expert processes.</param>
/// <param name="Shards">That the experts are divided into; 0 for what a cluster does by itself.</param>
/// <param name="Rounds">Times that each way to decode is measured, in turn.</param>
/// <param name="Sequences">Decoding together, where the ways are compared.</param>
/// <param name="Tokens">That each sequence decodes.</param>
/// <param name="Delays">Milliseconds that each round trip is lengthened by, one after the other.</param>
/// <param name="Growing">Numbers of sequences, for each delay.</param>
internal sealed record ShardedPlan(
    string Model, int Nodes, int Shards, int Rounds, int Sequences, int Tokens, int[] Delays, int[] Growing)
{
    /// <summary>A small Llama 4: 1.1 GB, nearly all of it routed experts.</summary>
    private static readonly RandomCheckpointOptions s_shape = new()
    {
        Type = StoredType.BF16,
        TextOnly = true,
        HiddenSize = 768,
        Layers = 10,
        Experts = 16,
        Heads = 6,
        HeadSize = 128,
        KvHeads = 2,
        IntermediateSize = 1280,
        IntermediateSizeMlp = 2560,
        Vocabulary = 32_000,
        ChunkSize = 8192,
        MaxPositions = 131_072,
    };

    public static async Task<int> InvokeAsync(string[] arguments, Func<ShardedPlan, Task> measure)
    {
        var model = new Option<string>("--model") { DefaultValueFactory = _ => Path.Join(Path.GetTempPath(), "pipeline-random-1gb"), Description = "a model's folder, made where it is missing" };
        var nodes = Number("--nodes", 3, "expert processes");
        var shards = Number("--shards", 0, "shards of the experts; 0: as a cluster does by itself");
        var rounds = Number("--rounds", 5, "times that each way is measured, in turn");
        var sequences = Number("--sequences", 8, "sequences that decode together");
        var tokens = Number("--tokens", 64, "tokens of each");
        var delays = Numbers("--delays", [1, 10], "milliseconds that a round trip is lengthened by");
        var growing = Numbers("--growing", [1, 8, 32, 64], "numbers of sequences, for each delay");
        var command = new RootCommand("Decoding with experts in other processes, as a share of decoding in one.")
        {
            model, nodes, shards, rounds, sequences, tokens, delays, growing,
        };
        command.SetAction((parsed, _) => measure(new ShardedPlan(
            Path.GetFullPath(parsed.GetValue(model)!),
            parsed.GetValue(nodes),
            parsed.GetValue(shards),
            parsed.GetValue(rounds),
            parsed.GetValue(sequences),
            parsed.GetValue(tokens),
            parsed.GetValue(delays)!,
            parsed.GetValue(growing)!)));
        return await command.Parse(arguments).InvokeAsync();
    }

    /// <summary>Writes the model where there is none, with the demo model's tokenizer: what its tokens mean is nobody's concern.</summary>
    public void MakeModel(string tokenizer)
    {
        if (Directory.Exists(Model))
        {
            return;
        }

        RandomCheckpoint.Write(Model, s_shape);
        foreach (var file in (string[])["tokenizer.json", "tokenizer_config.json", "chat_template.jinja"])
        {
            File.Copy(Path.Join(tokenizer, file), Path.Join(Model, file));
        }
    }

    private static Option<int> Number(string name, int fallback, string description) =>
        new(name) { DefaultValueFactory = _ => fallback, Description = description };

    private static Option<int[]> Numbers(string name, int[] fallback, string description) => new(name)
    {
        DefaultValueFactory = _ => fallback,
        Description = description,
        CustomParser = result => [.. result.Tokens[0].Value.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)],
    };
}
