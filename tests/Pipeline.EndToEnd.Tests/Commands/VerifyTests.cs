namespace Pipeline.EndToEnd.Tests.Commands;

public sealed class VerifyTests
{
    [Fact]
    public async Task Each_tensor_is_printed_with_its_largest_difference()
    {
        var result = await Verify("top2", "top2");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        foreach (var name in new[] { "text.layer.0", "text.logits", "image.vision.layer.0", "image.features", "image.logits", "image.greedy" })
        {
            Assert.Matches($"(?m)^{name}  +[0-9.]+e[-+][0-9]+$", result.Output);
        }
    }

    [Fact]
    public async Task Beyond_the_tolerance_the_exit_code_says_so()
    {
        var result = await Verify("top2", "top2", "--tolerance", "0");

        Assert.Equal(1, result.ExitCode);
        Assert.Matches("(?m)^text.logits  .*  beyond tolerance$", result.Output);
    }

    [Fact]
    public async Task Another_models_reference_is_refused() =>
        Assert.Equal(3, (await Cli.RunAsync("verify", "models/tiny-scout", "--reference", "tests/data/goldens/top2/golden.safetensors")).ExitCode);

    private static Task<CliResult> Verify(string model, string reference, params string[] more) => Cli.RunAsync(
        ["verify", $"tests/data/goldens/{model}", "--reference", $"tests/data/goldens/{reference}/golden.safetensors", .. more]);
}
