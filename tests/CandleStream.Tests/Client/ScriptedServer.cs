using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Threading.Channels;
using System.Web;

namespace CandleStream.Tests.Client;

/// <summary>A server that answers what the test says, request by request.</summary>
internal sealed class ScriptedServer : HttpMessageHandler
{
    private readonly Channel<ScriptedRequest> _requests = Channel.CreateUnbounded<ScriptedRequest>();

    /// <summary>True when the client has asked for something that the test has not looked at.</summary>
    public bool IsAsked => _requests.Reader.TryPeek(out _);

    /// <summary>Waits for the next request.</summary>
    public async Task<ScriptedRequest> NextAsync() => await _requests.Reader.ReadAsync(TestContext.Current.CancellationToken);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var asked = new ScriptedRequest(request);
        await _requests.Writer.WriteAsync(asked, cancellationToken);
        return await asked.Answered.WaitAsync(cancellationToken);
    }
}

/// <summary>One request, until the test answers it.</summary>
internal sealed class ScriptedRequest(HttpRequestMessage request)
{
    private readonly TaskCompletionSource<HttpResponseMessage> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<HttpResponseMessage> Answered => _answer.Task;

    public string Path => request.RequestUri!.AbsolutePath;

    public HttpRequestHeaders Headers => request.Headers;

    /// <summary>A parameter of the query; null where it is missing, with commas where it is repeated.</summary>
    public string? this[string parameter] => HttpUtility.ParseQueryString(request.RequestUri!.Query)[parameter];

    public void Answer(HttpStatusCode status, string type, string body, TimeSpan? retryAfter = null)
    {
        var answer = new HttpResponseMessage(status) { Content = new StringContent(body, Encoding.UTF8, type) };
        if (retryAfter is { } wait) answer.Headers.RetryAfter = new RetryConditionHeaderValue(wait);
        _answer.SetResult(answer);
    }

    public void AnswerJson(string body) => Answer(HttpStatusCode.OK, "application/json", body);

    public void Refuse(HttpStatusCode status, string detail, TimeSpan? retryAfter = null) =>
        Answer(
            status, "application/problem+json", $$"""{"type":"about:blank","status":{{(int)status}},"detail":"{{detail}}"}""", retryAfter);

    /// <summary>Nobody is there.</summary>
    public void Fail(Exception? failure = null) => _answer.SetException(failure ?? new HttpRequestException("connection refused"));

    /// <summary>Answers with a stream.</summary>
    public ScriptedStream Open()
    {
        // What is said has been read when it is said: a cut takes back nothing.
        var bytes = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1));
        var content = new StreamContent(bytes.Reader.AsStream());
        content.Headers.ContentType = new MediaTypeHeaderValue("text/event-stream");
        _answer.SetResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = content });
        return new ScriptedStream(bytes.Writer);
    }
}

/// <summary>The server's side of a stream.</summary>
internal sealed class ScriptedStream(PipeWriter bytes)
{
    public async Task SayAsync(string text) => await bytes.WriteAsync(Encoding.UTF8.GetBytes(text), TestContext.Current.CancellationToken);

    public Task HelloAsync(long heartbeatMs = 15_000, string simulated = "true") =>
        SayAsync(
            $$"""event: hello{{"\n"}}data: {"server_time":1,"heartbeat_ms":{{heartbeatMs}},"series":["BTCUSD:1m"],"simulated":{{simulated}}}{{"\n\n"}}""");

    public Task SyncedAsync(long asOf, string series = """{"BTCUSD:1m":"resumed"}""") =>
        SayAsync($$"""event: synced{{"\n"}}id: {{asOf}}{{"\n"}}data: {"asof":{{asOf}},"series":{{series}}}{{"\n\n"}}""");

    public Task CandleAsync(long time, long rev, bool closed = false, bool withId = true) =>
        SayAsync(Wire.Candle(time, rev, closed, withId));

    /// <summary>The connection breaks.</summary>
    public void Cut() => bytes.Complete(new IOException("connection reset"));

    /// <summary>The connection ends as if all had been said.</summary>
    public void End() => bytes.Complete();
}

/// <summary>Events and answers as text.</summary>
internal static class Wire
{
    public static string Candle(long time, long rev, bool closed = false, bool withId = true, string symbol = "BTCUSD") =>
        (withId ? $"id: {rev}\n" : "") + $$"""data: {"symbol":"{{symbol}}","timeframe":"1m",{{Fields(time, rev, closed)}}}{{"\n\n"}}""";

    public static string Snapshot(string series, params ReadOnlySpan<string> candles) =>
        $$"""event: snapshot{{"\n"}}data: {"series":"{{series}}","candles":[{{string.Join(',', candles!)}}]}{{"\n\n"}}""";

    public static string Delta(long time, long rev, long baseRev, string changes) =>
        $$"""event: delta{{"\n"}}id: {{rev}}{{"\n"}}data: {"series":"BTCUSD:1m","time":{{time}},"rev":{{rev}},"base":{{baseRev}},{{changes}}}{{"\n\n"}}""";

    public static string Page(long asOf, string candles = "", bool reset = false) =>
        $$"""{"symbol":"BTCUSD","timeframe":"1m","candles":[{{candles}}],"asof":{{asOf}},"gaps":[],"next":null{{(reset ? ",\"reset\":true" : "")}}}""";

    public static string Fields(long time, long rev, bool closed = false) =>
        $"\"time\":{time},\"open\":10.5,\"high\":12,\"low\":9,\"close\":11,\"volume\":0.00000031,\"closed\":{(closed ? "true" : "false")},\"rev\":{rev}";
}
