namespace Pipeline.EndToEnd.Tests.Commands;

/// <summary>Command lines that cannot be carried out: exit code 2, the fault on standard error, nothing on standard output.</summary>
public sealed class UsageTests
{
    [Theory]
    [InlineData("no command given")]
    [InlineData("captoin: there is no such command", "captoin", "x.mp4")]
    [InlineData("[x]: there is no such command", "[x]")]
    [InlineData("no PATH given", "caption")]
    [InlineData("no PATH given", "ask", "what?")]
    [InlineData("a given PATH is empty", "caption", "x.mp4", "")]
    [InlineData("pipeline.decoder.kv-bytes = 1: one KV page", "generate", "hello", "--set", "pipeline.decoder.kv-bytes=1")]
    [InlineData("no QUESTION given", "ask")]
    [InlineData("no TEXT given", "generate")]
    [InlineData("b: is one argument too many", "generate", "a", "b")]
    [InlineData("--model: needs a value", "caption", "x.mp4", "--model")]
    [InlineData("--frames: needs a value", "caption", "x.mp4", "--frames")]
    [InlineData("--frames: is given more than once", "caption", "x.mp4", "--frames", "3", "--frames", "4")]
    [InlineData("/nowhere: no such folder", "caption", "x.mp4", "--output", "/nowhere/x")]
    [InlineData("--foo: there is no such option", "caption", "--foo", "x.mp4")]
    [InlineData("-x.mp4: there is no such option", "caption", "-x.mp4")]
    [InlineData("--prompt: there is no such option", "ask", "what?", "--prompt=x", "x.mp4")]
    [InlineData("--frames 0: expected a whole number from 1 to 4096", "caption", "x.mp4", "--frames", "0")]
    [InlineData("--top-p 2: expected a number above 0, at most 1", "caption", "x.mp4", "--top-p", "2")]
    [InlineData("--temperature -1: expected a number of at least 0", "caption", "x.mp4", "--temperature", "-1")]
    [InlineData("--temperature NaN: expected a number of at least 0", "caption", "x.mp4", "--temperature", "NaN")]
    [InlineData("--seed -1: expected a whole number of at least 0", "caption", "x.mp4", "--seed", "-1")]
    [InlineData("--stop-token x: expected a token id", "caption", "x.mp4", "--stop-token", "x")]
    [InlineData("--logit-bias 3=a: expected a token id, = and a number, such as 42=-5", "caption", "x.mp4", "--logit-bias", "3=a")]
    [InlineData("--format xml: expected one of text, jsonl, srt, vtt", "caption", "x.mp4", "--format", "xml")]
    [InlineData("--format srt: expected one of text, jsonl", "generate", "hello", "--format", "srt")]
    [InlineData("--skip-existing: needs --output", "caption", "x.mp4", "--skip-existing")]
    [InlineData("--skip-existing and --force contradict each other", "caption", "x.mp4", "--skip-existing", "--force", "--output", "o/")]
    [InlineData("--logprobs: needs --format jsonl", "generate", "hello", "--logprobs")]
    [InlineData("--logprobs: needs --format jsonl", "caption", "x.mp4", "--logprobs", "--format", "srt")]
    [InlineData("--raw and --system contradict each other", "generate", "hello", "--raw", "--system", "x")]
    [InlineData("--reference: is missing", "verify")]
    [InlineData("--reference x.safetensors: no such file", "verify", "--reference", "x.safetensors")]
    [InlineData("--config /nowhere.conf: cannot be read", "inspect", "--config", "/nowhere.conf")]
    [InlineData("--profile huge: there is no such profile", "inspect", "--profile", "huge")]
    [InlineData("--set 5: is not path=value", "inspect", "--set", "5")]
    [InlineData("pipelin (--set): there is no such setting", "inspect", "--set", "pipelin.x=5")]
    [InlineData("pipeline.media.pixels (--set): there is no such setting", "inspect", "--set", "pipeline.media.pixels=5")]
    [InlineData("pipeline.device.device = gpu: there is no such device", "caption", "x.mp4", "--device", "gpu")]
    [InlineData("pipeline.device.device = cuda:0,gpu: there is no such device as gpu", "caption", "x.mp4", "--device", "cuda:0,gpu")]
    [InlineData("pipeline.device.device = cuda:0,: there is no such device as ", "caption", "x.mp4", "--device", "cuda:0,")]
    [InlineData("pipeline.device.quantize = int2 (--set): expected one of none, int8, int4", "caption", "x.mp4", "--set", "pipeline.device.quantize=int2")]
    [InlineData("pipeline.device.device = cpu,auto: auto stands alone", "caption", "x.mp4", "--device", "cpu,auto")]
    [InlineData("pipeline.device.device = cuda:0,cuda:0: names cuda:0 twice", "caption", "x.mp4", "--device", "cuda:0,cuda:0")]
    public async Task A_wrong_command_line_is_refused_by_name(string message, params string[] arguments)
    {
        var result = await Cli.RunAsync(arguments);

        Assert.Equal(2, result.ExitCode);
        Assert.StartsWith("error: " + message, result.Error, StringComparison.Ordinal);
        Assert.Empty(result.Output);
    }

    [Fact]
    public async Task All_wrong_settings_are_told_at_once_each_with_its_origin()
    {
        var result = await Cli.RunAsync(
            ["inspect", "--set", "pipeline.log.level=loud", "--set", "pipeline.media.max-pixels=0"],
            SharedData.Root,
            new Dictionary<string, string> { ["PIPELINE__DECODER__KV_BYTES"] = "much" });

        Assert.Equal(2, result.ExitCode);
        Assert.Equal(
            """
            error: pipeline.log.level = loud (--set): expected one of verbose, debug, information, warning, error, fatal
            error: pipeline.media.max-pixels = 0 (--set): must lie between 1 and 700000000
            error: pipeline.decoder.kv-bytes = much (PIPELINE__DECODER__KV_BYTES): expected a size such as 512MiB

            """,
            result.Error);
    }
}
