using System.Globalization;
using CsCheck;
using Pipeline.Checkpoints;
using Xunit.Abstractions;

namespace Pipeline.Model.Tests;

public sealed class SamplingTests(ITestOutputHelper output)
{
    private static readonly SamplingOptions Plain = SamplingOptions.Best with { Greedy = false };

    [Fact]
    public void Distributions_are_those_of_the_reference()
    {
        using var reference = SafetensorsFile.Open(Path.Combine(SharedData.Root, "tests/data/sampling/distributions.safetensors"));
        var (logits, history) = (reference.Find("logits")!, reference.Find("history")!);
        var (rows, vocabulary, past) = ((int)logits.Shape[0], (int)logits.Shape[1], (int)history.Shape[1]);
        var (allLogits, allHistory) = (logits.ReadFloats(), history.ReadIntegers());
        var sampler = new Sampler(vocabulary);
        var settings = reference.All.Where(tensor => tensor.Name.Contains('=')).ToList();
        Assert.Equal(9, settings.Count);
        foreach (var setting in settings)
        {
            var (expected, largest) = (setting.ReadFloats(), 0f);
            for (var row = 0; row < rows; row++)
            {
                var prompt = new TokenHistory(allHistory.Skip(row * past).Take(past).Select(id => (int)id));
                var actual = sampler.Distribution(allLogits.AsSpan(row * vocabulary, vocabulary), prompt, Parse(setting.Name));
                for (var id = 0; id < vocabulary; id++)
                {
                    largest = Math.Max(largest, Math.Abs(expected[(row * vocabulary) + id] - actual[id]));
                }
            }

            output.WriteLine($"{setting.Name,-50} {largest:E2}");
            Assert.InRange(largest, 0, 1e-5f);
        }
    }

    [Fact]
    public void Presence_and_frequency_count_the_answer_alone()
    {
        var history = new TokenHistory([0, 1]);
        history.Append(1);
        history.Append(2);
        history.Append(2);
        float[] logits = [2, 2, 2, 2];

        var distribution = new Sampler(4).Distribution(logits, history, Plain with { PresencePenalty = 0.5, FrequencyPenalty = 0.25 });

        Assert.Equal(Math.Exp(-0.75), distribution[1] / distribution[0], tolerance: 1e-6);
        Assert.Equal(Math.Exp(-1), distribution[2] / distribution[0], tolerance: 1e-6);
        Assert.Equal(distribution[0], distribution[3]);
    }

    [Fact]
    public void Repetition_comes_before_presence_and_temperature_after_both()
    {
        var history = new TokenHistory([]);
        history.Append(0);
        float[] logits = [3, 0];

        var distribution = new Sampler(2).Distribution(
            logits, history, Plain with { RepetitionPenalty = 2, PresencePenalty = 0.5, Temperature = 0.5 });

        Assert.Equal(Math.Exp(((3 / 2.0) - 0.5) / 0.5), distribution[0] / distribution[1], tolerance: 1e-4);
    }

    [Fact]
    public void Best_takes_the_lower_id_of_equals_and_reports_the_raw_log_probability()
    {
        float[] logits = [1, 4, 4, 2];
        var sampler = new Sampler(4);
        var sum = logits.Sum(logit => Math.Exp(logit));

        var plain = sampler.Sample(logits, new TokenHistory([]), SamplingOptions.Best);
        var biased = sampler.Sample(logits, new TokenHistory([]), SamplingOptions.Best with { LogitBias = new Dictionary<int, double> { [3] = 5 } });
        var cold = sampler.Sample(logits, new TokenHistory([]), Plain with { Temperature = 0 });

        Assert.Equal((1, true), (plain.Token, plain.Finite));
        Assert.Equal(plain, cold);
        Assert.Equal(Math.Log(Math.Exp(4) / sum), plain.LogProbability, tolerance: 1e-6);
        Assert.Equal(3, biased.Token);
        Assert.Equal(Math.Log(Math.Exp(2) / sum), biased.LogProbability, tolerance: 1e-6);
    }

    [Fact]
    public void Stop_tokens_wait_for_the_minimum()
    {
        float[] logits = [9, 8, 1];
        var options = SamplingOptions.Best with { MinTokens = 2, StopIds = [0, 1, 3, -1] };
        var history = new TokenHistory([]);
        var tokens = new List<int>();
        for (var i = 0; i < 3; i++)
        {
            tokens.Add(new Sampler(3).Sample(logits, history, options).Token);
            history.Append(tokens[^1]);
        }

        Assert.Equal([2, 2, 0], tokens);
        Assert.Equal([false, false, true], Enumerable.Range(0, 3).Select(options.TakesRawBest));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void A_logit_that_is_no_number_is_reported(float logit)
    {
        var choice = new Sampler(3).Sample([1, logit, 2], new TokenHistory([]), Plain);

        Assert.False(choice.Finite);
    }

    [Fact]
    public void A_draw_depends_on_seed_and_index_alone()
    {
        Gen.Select(Gen.ULong, Gen.Int[0, 50], LogitsGen).Sample((seed, index, logits) =>
        {
            var options = Plain with { Seed = seed, TopP = 0.9 };
            var history = new TokenHistory([]);
            for (var i = 0; i < index; i++)
            {
                history.Append(i % logits.Length);
            }

            var used = new Sampler(logits.Length);
            used.Sample(logits.Reverse().ToArray(), new TokenHistory([]), options with { Seed = seed + 1 });

            return used.Sample(logits, history, options) == new Sampler(logits.Length).Sample(logits, history, options);
        });
    }

    [Fact]
    public void Draws_follow_the_distribution()
    {
        const int Draws = 20_000;
        float[] logits = [0, 1, -1, 2, 0.5f];
        var options = Plain with { Temperature = 0.8, TopP = 0.95, Seed = 7 };
        var (sampler, history, counts) = (new Sampler(logits.Length), new TokenHistory([]), new int[logits.Length]);
        for (var i = 0; i < Draws; i++)
        {
            var token = sampler.Sample(logits, history, options).Token;
            history.Append(token);
            counts[token]++;
        }

        var expected = sampler.Distribution(logits, history, options);
        for (var id = 0; id < logits.Length; id++)
        {
            // Five standard deviations of a binomial share.
            var deviation = 5 * Math.Sqrt(expected[id] * (1 - expected[id]) / Draws);
            Assert.InRange((double)counts[id] / Draws, expected[id] - deviation, expected[id] + deviation);
        }
    }

    [Fact]
    public void Filters_keep_the_best_and_what_is_left_is_a_distribution()
    {
        Gen.Select(LogitsGen, Gen.Int[0, 40], Gen.Double[0.01, 1], Gen.Double[0, 1], Gen.Double[0.01, 1]).Sample((logits, topK, topP, minP, typicalP) =>
        {
            var sampler = new Sampler(logits.Length);
            var raw = sampler.Distribution(logits, new TokenHistory([]), Plain);
            var filtered = sampler.Distribution(logits, new TokenHistory([]), Plain with { TopK = topK, TopP = topP, MinP = minP });
            var typical = sampler.Distribution(logits, new TokenHistory([]), Plain with { TypicalP = typicalP });
            var best = Array.IndexOf(logits, logits.Max());

            Assert.Equal(1, filtered.Sum(), tolerance: 1e-4);
            Assert.Equal(1, typical.Sum(), tolerance: 1e-4);
            Assert.True(filtered[best] > 0);
            Assert.True(typical.Zip(raw).Where(pair => pair.First > 0).Sum(pair => pair.Second) >= typicalP - 1e-4);
        });
    }

    [Fact]
    public void Nucleus_is_the_smallest_set_of_best_tokens_that_reaches_its_mass()
    {
        Gen.Select(LogitsGen, Gen.Double[0.01, 0.99]).Sample((logits, mass) =>
        {
            var sampler = new Sampler(logits.Length);
            var raw = sampler.Distribution(logits, new TokenHistory([]), Plain);
            var kept = sampler.Distribution(logits, new TokenHistory([]), Plain with { TopP = mass })
                .Select((share, id) => (share, id)).Where(entry => entry.share > 0).Select(entry => (double)raw[entry.id]).ToList();

            Assert.True(kept.Sum() >= mass - 1e-5);
            Assert.True(kept.Sum() - kept.Min() < mass + 1e-5);
        });
    }

    [Theory]
    [InlineData(1e-6)]
    [InlineData(1e-30)]
    [InlineData(1e-42)]
    [InlineData(1e-60)]
    public void However_cold_the_best_token_is_taken(double temperature)
    {
        var choice = new Sampler(4).Sample([-9, 3e30f, 1, -2e30f], new TokenHistory([]), Plain with { Temperature = temperature, TopP = 0.9, MinP = 0.1, TypicalP = 0.9 });

        Assert.Equal(1, choice.Token);
    }

    [Fact]
    public void Top_k_keeps_what_equals_its_last()
    {
        var distribution = new Sampler(5).Distribution([1, 3, 2, 2, 0], new TokenHistory([]), Plain with { TopK = 2 });

        Assert.Equal([false, true, true, true, false], distribution.Select(share => share > 0));
    }

    [Fact]
    public void The_nth_smallest_is_where_sorting_puts_it()
    {
        Gen.Select(Gen.ULong[0, 20].Array[1, 60], Gen.Int[0, 59]).Sample((values, n) =>
        {
            n %= values.Length;
            var sorted = values.Order().ToArray();
            return QuickSelect.Nth(values, n) == sorted[n];
        });
    }

    // Known answers of Random123, kat_vectors.
    [Theory]
    [InlineData(0u, 0u, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(~0u, ~0u, ~0u, ~0u, ~0u, ~0u, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u, 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void Philox_gives_its_known_answers(uint a, uint b, uint c, uint d, uint keyA, uint keyB, uint w, uint x, uint y, uint z) =>
        Assert.Equal((w, x, y, z), Philox.Block(a, b, c, d, keyA, keyB));

    [Fact]
    public void A_setting_out_of_range_is_refused_by_name()
    {
        (string Name, SamplingOptions Options)[] bad =
        [
            ("repetition-penalty", Plain with { RepetitionPenalty = 0 }),
            ("presence-penalty", Plain with { PresencePenalty = double.NaN }),
            ("frequency-penalty", Plain with { FrequencyPenalty = double.PositiveInfinity }),
            ("temperature", Plain with { Temperature = -1 }),
            ("top-k", Plain with { TopK = -1 }),
            ("top-p", Plain with { TopP = 0 }),
            ("min-p", Plain with { MinP = 1.5 }),
            ("typical-p", Plain with { TypicalP = double.NaN }),
            ("min-tokens", Plain with { MinTokens = -1 }),
            ("logit-bias", Plain with { LogitBias = new Dictionary<int, double> { [10] = 1 } }),
            ("logit-bias", Plain with { LogitBias = new Dictionary<int, double> { [9] = double.PositiveInfinity } }),
        ];

        Assert.All(bad, each => Assert.Contains(each.Name, Assert.Throws<PipelineException>(() => each.Options.Validated(10)).Message, StringComparison.Ordinal));
        Assert.Same(Plain, Plain.Validated(10));
    }

    private static Gen<float[]> LogitsGen => Gen.Float[-8, 8].Array[1, 60];

    private static SamplingOptions Parse(string settings)
    {
        var options = Plain;
        foreach (var setting in settings.Split(','))
        {
            var (name, value) = (setting.Split('=')[0], double.Parse(setting.Split('=')[1], CultureInfo.InvariantCulture));
            options = name switch
            {
                "temperature" => options with { Temperature = value },
                "top_k" => options with { TopK = (int)value },
                "top_p" => options with { TopP = value },
                "min_p" => options with { MinP = value },
                "typical_p" => options with { TypicalP = value },
                "repetition_penalty" => options with { RepetitionPenalty = value },
                _ => throw new InvalidOperationException($"The reference has a setting {name} that is not known here."),
            };
        }

        return options;
    }
}
