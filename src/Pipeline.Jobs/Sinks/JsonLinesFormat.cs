using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Pipeline.Engine.Decoding;

namespace Pipeline.Jobs.Sinks;

/// <summary>One JSON object a line, failures among them with <c>error</c> in place of <c>caption</c>.</summary>
/// <param name="logprobs">Each line ends with its tokens' log-probabilities.</param>
internal sealed class JsonLinesFormat(bool logprobs) : ResultFormat
{
    private const int Version = 1;

    // Relaxed: letters of every script stay readable; control characters are still escaped.
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public override string Extension => ".jsonl";

    public override string Write(CaptionResult result, int number)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, s_options))
        {
            json.WriteStartObject();
            json.WriteNumber("version", Version);
            json.WriteNumber("index", result.Index);
            json.WriteString("source", result.Source);
            WriteAnswer(json, result);
            if (logprobs)
            {
                WriteLogprobs(json, (result as Caption)?.Tokens);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length) + "\n";
    }

    private static void WriteAnswer(Utf8JsonWriter json, CaptionResult result)
    {
        var caption = result as Caption;
        json.WriteString("kind", caption?.Kind.ToString().ToLowerInvariant());
        WriteNumber(json, "start", caption?.Start?.TotalSeconds, 3);
        WriteNumber(json, "end", caption?.End?.TotalSeconds, 3);
        json.WriteString("prompt", caption?.Prompt);
        if (result is CaptionFailed failed)
        {
            json.WriteStartObject("error");
            json.WriteString("code", failed.Code);
            json.WriteString("message", failed.Message);
            json.WriteString("hint", failed.Hint);
            json.WriteEndObject();
        }
        else
        {
            json.WriteString("caption", caption!.Text);
        }

        WriteNumber(json, "tokens", caption?.Tokens.Count, 0);
        WriteNumber(json, "mean_logprob", caption?.MeanLogprob, 6);
        json.WriteString("finish_reason", caption?.FinishReason.ToString().ToLowerInvariant());
        if (caption is null)
        {
            json.WriteNull("truncated");
        }
        else
        {
            json.WriteBoolean("truncated", caption.Truncated);
        }

        json.WriteString("model", caption?.Model);
        WriteNumber(json, "seconds", caption?.Elapsed.TotalSeconds, 3);
    }

    private static void WriteLogprobs(Utf8JsonWriter json, IReadOnlyList<TokenLogprob>? tokens)
    {
        if (tokens is null)
        {
            json.WriteNull("logprobs");
            return;
        }

        json.WriteStartArray("logprobs");
        foreach (var token in tokens)
        {
            json.WriteStartObject();
            json.WriteString("token", token.Text);
            json.WriteNumber("id", token.Token);
            WriteNumber(json, "logprob", token.Logprob, 6);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, double? value, int digits)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, Math.Round(number, digits));
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
