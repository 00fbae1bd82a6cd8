using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Pipeline.Jobs.Sinks;

namespace Pipeline.Server.Tests;

public sealed class CaptionTests
{
    private static readonly byte[] s_file = [.. Enumerable.Range(0, 200_000).Select(i => (byte)(i * 31))];

    [Fact]
    public async Task A_file_is_answered_with_the_fields_of_a_JSON_line()
    {
        var captions = FakeCaptions.Answering(FakeCaptions.Caption);
        await using var server = await StartAsync(captions);

        using var response = await PostAsync(server, "?prompt=What%20is%20it%3F&frames=4");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/json; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Equal(
            ResultFormat.Of(OutputFormat.Jsonl, single: true).Write(FakeCaptions.Caption, number: 1), await response.Content.ReadAsStringAsync());
        var (upload, bytes) = captions.Asked!.Value;
        Assert.Equal(("What is it?", 4), (upload.Prompt, upload.Frames));
        Assert.Equal(s_file, bytes);
        Assert.False(File.Exists(upload.Path));
    }

    [Fact]
    public async Task Nothing_said_is_nothing_asked()
    {
        var captions = FakeCaptions.Answering(FakeCaptions.Caption);
        await using var server = await StartAsync(captions);

        using var response = await PostAsync(server, "");

        Assert.Equal((null, null), (captions.Asked!.Value.Upload.Prompt, captions.Asked.Value.Upload.Frames));
    }

    [Theory]
    [InlineData("?frames=0", "frames = 0: ")]
    [InlineData("?frames=4097", "frames = 4097: ")]
    [InlineData("?frames=four", "frames = four: ")]
    [InlineData("?frames=1&frames=2", "frames = 1,2: ")]
    [InlineData("?prompt=", "prompt: ")]
    [InlineData("?prompt=a&prompt=b", "prompt: ")]
    [InlineData("?stream=true", "stream: there is no such parameter")]
    public async Task A_question_that_cannot_be_read_is_refused_by_name(string query, string message)
    {
        var captions = FakeCaptions.Answering(FakeCaptions.Caption);
        await using var server = await StartAsync(captions);

        using var response = await PostAsync(server, query);

        await AssertErrorAsync(response, HttpStatusCode.BadRequest, "server.query", message);
        Assert.Null(captions.Asked);
    }

    [Theory]
    [InlineData(FailureKind.Input, HttpStatusCode.BadRequest)]
    [InlineData(FailureKind.Own, HttpStatusCode.InternalServerError)]
    [InlineData(FailureKind.Shared, HttpStatusCode.InternalServerError)]
    [InlineData(FailureKind.Outside, HttpStatusCode.ServiceUnavailable)]
    public async Task A_failure_s_status_says_who_is_to_blame(FailureKind kind, HttpStatusCode status)
    {
        var captions = FakeCaptions.Failing(new PipelineException("media.no-video", "upload: no video stream", "name a video", kind));
        await using var server = await StartAsync(captions);

        using var response = await PostAsync(server, "");

        Assert.Equal(status, response.StatusCode);
        Assert.Equal("""{"code":"media.no-video","message":"no video stream","hint":"name a video"}""", await response.Content.ReadAsStringAsync());
        Assert.Equal(kind == FailureKind.Outside, response.Headers.RetryAfter is not null);
        Assert.False(File.Exists(captions.Asked!.Value.Upload.Path));
    }

    [Fact]
    public async Task What_nobody_foresaw_is_a_500_with_its_name()
    {
        await using var server = await StartAsync(new FakeCaptions((_, _) => throw new InvalidOperationException("no such thing")));

        using var response = await PostAsync(server, "");

        await AssertErrorAsync(response, HttpStatusCode.InternalServerError, "server.unexpected", "InvalidOperationException: no such thing");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_upload_beyond_the_bound_is_refused_whether_it_says_its_length_or_not(bool chunked)
    {
        var captions = FakeCaptions.Answering(FakeCaptions.Caption);
        await using var server = await StartAsync(captions, TestServer.Options with { UploadBytes = s_file.Length - 1 });

        using var response = await PostAsync(server, "", chunked);

        await AssertErrorAsync(response, HttpStatusCode.RequestEntityTooLarge, "server.too-large", $"pipeline.server.upload-bytes = {s_file.Length - 1}");
        Assert.Null(captions.Asked);
        Assert.Empty(Uploads());
    }

    [Fact]
    public async Task An_upload_of_just_the_bound_is_taken()
    {
        await using var server = await StartAsync(
            FakeCaptions.Answering(FakeCaptions.Caption), TestServer.Options with { UploadBytes = s_file.Length });

        using var response = await PostAsync(server, "");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task An_upload_that_does_not_come_is_given_up()
    {
        await using var server = await StartAsync(
            FakeCaptions.Answering(FakeCaptions.Caption), TestServer.Options with { UploadDeadline = TimeSpan.FromMilliseconds(50) });
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.Address.Port);
        await client.GetStream().WriteAsync("POST /v1/captions HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc"u8.ToArray());

        var answer = await ReadSomeAsync(client);

        Assert.StartsWith("HTTP/1.1 408 ", answer, StringComparison.Ordinal);
        Assert.Empty(Uploads());
    }

    [Fact]
    public async Task A_form_is_refused_with_the_way_to_send_a_file()
    {
        await using var server = await StartAsync(FakeCaptions.Answering(FakeCaptions.Caption));
        using var form = new MultipartFormDataContent { { new ByteArrayContent(s_file), "file", "clip.mp4" } };

        using var response = await server.Client.PostAsync("/v1/captions", form);

        await AssertErrorAsync(response, HttpStatusCode.BadRequest, "server.multipart", "the body is a form");
    }

    [Fact]
    public async Task What_is_too_much_at_once_is_told_to_come_again()
    {
        var release = new TaskCompletionSource();
        var working = 0;
        await using var server = await StartAsync(new FakeCaptions(async (_, _) =>
        {
            Interlocked.Increment(ref working);
            await release.Task;
            return FakeCaptions.Caption;
        }));
        var inFlight = Enumerable.Range(0, TestServer.Options.RequestsInFlight).Select(_ => PostAsync(server, "")).ToList();
        await Eventually.IsTrue(() => working == inFlight.Count, "all are worked on");

        using var refused = await PostAsync(server, "");
        release.SetResult();
        var done = await Task.WhenAll(inFlight);
        using var afterwards = await PostAsync(server, "");

        await AssertErrorAsync(refused, HttpStatusCode.TooManyRequests, "server.busy", "2 requests are in flight");
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.All(done, response => Assert.Equal(HttpStatusCode.OK, response.StatusCode));
        Assert.Equal(HttpStatusCode.OK, afterwards.StatusCode);
    }

    [Fact]
    public async Task A_client_that_goes_away_cancels_its_caption_and_frees_its_place()
    {
        var begun = 0;
        var cancelled = new TaskCompletionSource();
        var captions = new FakeCaptions(async (_, cancellation) =>
        {
            Interlocked.Increment(ref begun);
            await Task.Delay(Timeout.Infinite, cancellation).ContinueWith(_ => cancelled.TrySetResult(), TaskScheduler.Default);
            throw new OperationCanceledException(cancellation);
        });
        await using var server = await StartAsync(captions, TestServer.Options with { RequestsInFlight = 1 });
        using var gone = new CancellationTokenSource();
        var request = PostAsync(server, "", cancellation: gone.Token);
        await Eventually.IsTrue(() => begun == 1, "it is worked on");

        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(60));
        await Eventually.IsTrue(() => !Uploads().Any(), "the upload is gone");
        using var stop = new CancellationTokenSource();
        var next = PostAsync(server, "", cancellation: stop.Token);
        await Eventually.IsTrue(() => begun == 2, "the next is worked on, not refused");
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
    }

    [Fact]
    public async Task Before_the_engine_is_there_a_request_is_told_why_and_to_come_again()
    {
        var engine = new TaskCompletionSource<ICaptionService>();
        var health = new FakeHealth { Missing = [new("model", "is being loaded")] };
        await using var server = await TestServer.StartAsync(health, captions: engine.Task);

        using var early = await PostAsync(server, "");
        engine.SetResult(FakeCaptions.Answering(FakeCaptions.Caption));
        using var late = await PostAsync(server, "");

        await AssertErrorAsync(early, HttpStatusCode.ServiceUnavailable, "server.loading", "model: is being loaded");
        Assert.Equal(HttpStatusCode.OK, late.StatusCode);
    }

    [Fact]
    public async Task A_node_without_an_engine_captions_nothing()
    {
        await using var server = await TestServer.StartAsync(new FakeHealth());

        using var response = await PostAsync(server, "");

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task The_end_of_the_server_waits_for_requests_in_flight()
    {
        var begun = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        var server = await StartAsync(new FakeCaptions(async (_, _) =>
        {
            begun.SetResult();
            await release.Task;
            return FakeCaptions.Caption;
        }));
        var request = PostAsync(server, "");
        await begun.Task;

        var ended = server.StopAsync();
        Assert.False(ended.IsCompleted);
        release.SetResult();

        using var response = await request;
        await ended;
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Beyond_the_drain_deadline_requests_are_cancelled()
    {
        var begun = new TaskCompletionSource();
        var server = await StartAsync(
            new FakeCaptions(async (_, cancellation) =>
            {
                begun.SetResult();
                await Task.Delay(Timeout.Infinite, cancellation);
                return FakeCaptions.Caption;
            }),
            TestServer.Options with { DrainDeadline = TimeSpan.FromMilliseconds(50) });
        var request = PostAsync(server, "");
        await begun.Task;

        await server.StopAsync().WaitAsync(TimeSpan.FromSeconds(60));

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => request);
        Assert.Empty(Uploads());
        await server.DisposeAsync();
    }

    private static Task<TestServer> StartAsync(ICaptionService captions, ServerOptions? options = null) =>
        TestServer.StartAsync(new FakeHealth(), options, Task.FromResult(captions));

    private static async Task<HttpResponseMessage> PostAsync(
        TestServer server, string query, bool chunked = false, CancellationToken cancellation = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/captions" + query) { Content = new ByteArrayContent(s_file) };
        request.Headers.TransferEncodingChunked = chunked;
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-www-form-urlencoded"); // what curl --data-binary says
        return await server.Client.SendAsync(request, cancellation);
    }

    private static async Task AssertErrorAsync(HttpResponseMessage response, HttpStatusCode status, string code, string message)
    {
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == status, $"{response.StatusCode}: {body}");
        var error = JsonNode.Parse(body)!.AsObject();
        Assert.Equal(["code", "message", "hint"], error.Select(field => field.Key));
        Assert.Equal(code, (string?)error["code"]);
        Assert.Contains(message, (string)error["message"]!, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Uploads() => Directory.GetFiles(Path.GetTempPath(), "pipeline-upload-*");

    private static async Task<string> ReadSomeAsync(TcpClient client)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var buffer = new byte[4096];
        return Encoding.ASCII.GetString(buffer, 0, await client.GetStream().ReadAsync(buffer, patience.Token));
    }
}
