using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CandleStream.Load;

/// <summary>
/// The least a web server of this framework does for a stream: headers, one event of a usual length, and then waiting for the client to
/// leave.
/// </summary>
internal static class BareEndpoint
{
    private static readonly byte[] Events =
        """
        event: snapshot
        data: {"series":"LOAD000USD:1m","candles":[{"time":1714564800000,"open":61290,"high":61293.5,"low":61269,"close":61277.25,"volume":0.23496984,"closed":false,"rev":1714564830000000}]}

        event: synced
        id: 1714564830000000
        data: {"asof":1714564830000000,"series":{"LOAD000USD:1m":"fresh"}}


        """u8.ToArray();

    public static async Task<int> RunAsync(int port, CancellationToken cancel)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        await using var app = builder.Build();
        app.Urls.Add($"http://127.0.0.1:{port}");
        app.MapGet("/candles/stream", AnswerAsync);
        await app.StartAsync(cancel);
        await app.WaitForShutdownAsync(cancel);
        return 0;
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream";
        await context.Response.Body.WriteAsync(Events, context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
        var gone = new TaskCompletionSource();
        await using var left = context.RequestAborted.Register(gone.SetResult);
        await gone.Task;
    }
}
