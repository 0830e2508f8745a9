using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CandleStream.EndToEndTests.Conformance;

/// <summary>Stands before a right server and breaks a promise of the protocol here and there.</summary>
internal sealed class NearlyRightServer : IAsyncDisposable
{
    private static readonly string[] PassedOn = ["Accept", "Last-Event-ID", "If-None-Match", "X-API-Key", "Authorization"];

    private readonly WebApplication _app;
    private readonly HttpClient _right;

    private NearlyRightServer(WebApplication app, HttpClient right) => (_app, _right) = (app, right);

    /// <summary>The checks that must find something.</summary>
    public static IReadOnlyList<string> Broken { get; } =
    [
        "an event stream that nothing holds back", "hello is the first event and lists each series once",
        "a heartbeat with the time, as often as hello says",
        "ids rise from the seam on", "Last-Event-ID resumes without a hole",
        "a garbage id (abc) is a reset with a long snapshot, never an error",
        "history, limit=10001 is 400", "an unknown path is 404", "history, an ETag, and 304 while nothing changed",
        "without a key, history and stream are 401", "with a wrong key, history and stream are 401",
    ];

    public Uri Address => new(_app.Urls.First());

    public static async Task<NearlyRightServer> StartAsync(Uri right)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = new NearlyRightServer(builder.Build(), new HttpClient { BaseAddress = right });
        server._app.Run(server.AnswerAsync);
        await server._app.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _right.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var (request, cancel) = (context.Request, context.RequestAborted);
        if (request.Headers["Last-Event-ID"] == "abc")
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        using var asked = new HttpRequestMessage(new HttpMethod(request.Method),
            $"{request.Path}{request.QueryString}".Replace("limit=10001", "limit=10000", StringComparison.Ordinal));
        foreach (var name in PassedOn)
        {
            if (name != "If-None-Match" && request.Headers.TryGetValue(name, out var value))
                asked.Headers.TryAddWithoutValidation(name, value.ToString());
        }

        using var answer = await _right.SendAsync(asked, HttpCompletionOption.ResponseHeadersRead, cancel);
        context.Response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers))
        {
            if (name is not ("Transfer-Encoding" or "X-Accel-Buffering" or "WWW-Authenticate"))
                context.Response.Headers[name] = values.ToArray();
        }

        if (request.Path == "/candles/nothing") context.Response.ContentType = "text/plain";
        await using var body = await answer.Content.ReadAsStreamAsync(cancel);
        if (answer.Content.Headers.ContentType?.MediaType != "text/event-stream") await body.CopyToAsync(context.Response.Body, cancel);
        else await GarbleAsync(context, body);
    }

    private static async Task GarbleAsync(HttpContext context, System.IO.Stream body)
    {
        using var lines = new StreamReader(body);
        var (isResumed, isPlain, isSynced) =
            (context.Request.Headers.ContainsKey("Last-Event-ID"), !context.Request.Query.ContainsKey("delta"), false);
        var text = new StringBuilder();
        while (await lines.ReadLineAsync(context.RequestAborted) is { } line)
        {
            text.Append(line).Append('\n');
            if (line.Length > 0) continue;
            var e = text.ToString().Replace("\"simulated\":", "\"simulation\":", StringComparison.Ordinal);
            text.Clear();
            isSynced |= e.StartsWith("event: synced", StringComparison.Ordinal);
            var isCandle = e.Contains("data: {\"symbol\"", StringComparison.Ordinal);
            if (e.StartsWith("event: heartbeat", StringComparison.Ordinal) || (isCandle && isResumed && !isSynced)) continue;
            await context.Response.WriteAsync(isCandle && isSynced && isPlain ? e + e : e, context.RequestAborted);
        }
    }
}
