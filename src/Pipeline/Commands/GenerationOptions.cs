using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Pipeline.Jobs;
using static Pipeline.Commands.OptionFactory;

namespace Pipeline.Commands;

/// <summary>The options that say how an answer is generated.</summary>
internal sealed class GenerationOptions
{
    private readonly Option<int?> _maxTokens = Whole("--max-tokens", "N", "at most N tokens (default: the model's own, else 256)", 1);
    private readonly Option<int?> _minTokens = Whole("--min-tokens", "N", "no stop before N tokens", 0);
    private readonly Option<string[]> _stop = Strings("--stop", "TEXT", "ends before TEXT; may be repeated");
    private readonly Option<int[]> _stopTokens = new("--stop-token")
    {
        HelpName = "ID",
        Description = "ends at this token id; may be repeated",
        Arity = ArgumentArity.OneOrMore,
        DefaultValueFactory = _ => [],
        CustomParser = ParseIds,
    };

    private readonly Option<bool> _ignoreEos = Flag("--ignore-eos", "goes on past the model's own stop tokens");
    private readonly Option<bool> _sample = Flag("--sample", "draws with the model's own sampling settings, not greedily");
    private readonly Option<double?> _temperature =
        Number("--temperature", "X", "divides the logits; 0 is greedy", x => x >= 0, "of at least 0");

    private readonly Option<int?> _topK = Whole("--top-k", "N", "draws from the N likeliest; 0 from all", 0);
    private readonly Option<double?> _topP =
        Number("--top-p", "P", "from the likeliest that hold probability P", x => x is > 0 and <= 1, "above 0, at most 1");

    private readonly Option<double?> _minP =
        Number("--min-p", "P", "from those with P times the likeliest's probability", x => x is >= 0 and <= 1, "from 0 to 1");

    private readonly Option<double?> _typicalP =
        Number("--typical-p", "P", "from the most typical that hold probability P", x => x is > 0 and <= 1, "above 0, at most 1");

    private readonly Option<double?> _repetitionPenalty =
        Number("--repetition-penalty", "X", "divides the logits of tokens already there", x => x > 0, "above 0");

    private readonly Option<double?> _presencePenalty =
        Number("--presence-penalty", "X", "taken from the logit of each generated token", _ => true, "");

    private readonly Option<double?> _frequencyPenalty =
        Number("--frequency-penalty", "X", "the same, once for each time", _ => true, "");

    private readonly Option<IReadOnlyDictionary<int, double>> _logitBias = new("--logit-bias")
    {
        HelpName = "ID=X",
        Description = "adds X to the logit of a token id; may be repeated",
        Arity = ArgumentArity.OneOrMore,
        DefaultValueFactory = _ => new Dictionary<int, double>(),
        CustomParser = ParseBiases,
    };

    private readonly Option<ulong> _seed = new("--seed")
    {
        HelpName = "N",
        Description = "same seed, same text (default: 0)",
        CustomParser = result => ulong.TryParse(result.Tokens[0].Value, NumberStyles.None, null, out var seed)
            ? seed
            : Refuse<ulong>(result, "--seed", "a whole number of at least 0"),
    };

    /// <summary>What bounds an answer.</summary>
    public OptionGroup Length => new("Length", [_maxTokens, _minTokens, _stop, _stopTokens, _ignoreEos]);

    /// <summary>What draws it. Greedy where none is given.</summary>
    public OptionGroup Sampling => new("Sampling (without it the likeliest token is taken)",
    [
        _sample, _temperature, _topK, _topP, _minP, _typicalP, _repetitionPenalty, _presencePenalty, _frequencyPenalty, _logitBias, _seed,
    ]);

    public GenerationSettings Read(ParseResult parsed) => new(
        parsed.GetValue(_sample),
        parsed.GetValue(_maxTokens),
        parsed.GetValue(_minTokens) ?? 0,
        parsed.GetValue(_temperature),
        parsed.GetValue(_topK),
        parsed.GetValue(_topP),
        parsed.GetValue(_minP),
        parsed.GetValue(_typicalP),
        parsed.GetValue(_repetitionPenalty),
        parsed.GetValue(_presencePenalty),
        parsed.GetValue(_frequencyPenalty),
        parsed.GetValue(_logitBias)!,
        parsed.GetValue(_seed),
        parsed.GetValue(_stop)!,
        parsed.GetValue(_stopTokens)!,
        parsed.GetValue(_ignoreEos));

    private static int[] ParseIds(ArgumentResult result)
    {
        var ids = new int[result.Tokens.Count];
        for (var i = 0; i < ids.Length; i++)
        {
            if (!int.TryParse(result.Tokens[i].Value, NumberStyles.None, null, out ids[i]))
            {
                result.AddError($"--stop-token {result.Tokens[i].Value}: expected a token id");
            }
        }

        return ids;
    }

    private static Dictionary<int, double> ParseBiases(ArgumentResult result)
    {
        var biases = new Dictionary<int, double>();
        foreach (var token in result.Tokens)
        {
            var parts = token.Value.Split('=', 2);
            if (parts.Length == 2
                && int.TryParse(parts[0], NumberStyles.None, null, out var id)
                && double.TryParse(parts[1], NumberStyles.Float, null, out var bias)
                && double.IsFinite(bias))
            {
                biases[id] = bias;
            }
            else
            {
                result.AddError($"--logit-bias {token.Value}: expected a token id, = and a number, such as 42=-5");
            }
        }

        return biases;
    }
}
