using System.Collections.Concurrent;
using System.Text;
using CandleStream.EndToEndTests.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace CandleStream.EndToEndTests.Operations;

/// <summary>Metrics and traces sent by OTLP over HTTP to a collector of the test's own.</summary>
public sealed class OtlpTests
{
    private const int Limit = 180_000;

    [Fact(Timeout = Limit)]
    public async Task Metrics_and_traces_go_to_the_endpoint_that_is_set()
    {
        var received = new ConcurrentDictionary<string, string>();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var collector = builder.Build();
        collector.MapPost("/v1/{signal}", async (string signal, HttpRequest request) =>
        {
            using var reader = new StreamReader(request.Body, Encoding.Latin1);
            var body = await reader.ReadToEndAsync();
            received.AddOrUpdate(signal, body, (_, before) => before + body);
        });
        await collector.StartAsync(TestContext.Current.CancellationToken);

        await using var server = await ServerProcess.StartAsync(["--demo", "--port", "0"], new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Urls.First(),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "300",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
        });
        await server.Client.GetStringAsync("/health/live", TestContext.Current.CancellationToken);
        await server.Client.GetStringAsync("/timeframes?ticket=not-for-collectors", TestContext.Current.CancellationToken);

        await server.Client.GetStringAsync("/k/not-for-collectors/udf/config", TestContext.Current.CancellationToken);

        // A stream that is over.
        using (var stream = await server.Client.GetAsync("/candles/stream?symbol=BTCUSD&timeframe=1m",
            HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken))
        {
            await using var body = await stream.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
            using var lines = new StreamReader(body);
            while (await lines.ReadLineAsync(TestContext.Current.CancellationToken) is { } line && line != "event: synced")
            {
            }
        }

        // Protobuf keeps text as it is. The symbols asked of the exchange are traced as well.
        await Stream.Eventually.TrueAsync(() =>
            Sent("metrics").Contains("candlestream.upstream.frames", StringComparison.Ordinal)
            && Sent("metrics").Contains("dotnet.gc.collections", StringComparison.Ordinal)
            && Sent("traces").Contains("/udf/config", StringComparison.Ordinal)
            && Sent("traces").Contains("/timeframes", StringComparison.Ordinal)
            && Sent("traces").Contains("candlestream.reason", StringComparison.Ordinal)
            && Sent("metrics").Contains("candlestream.stream.duration", StringComparison.Ordinal)
            && Sent("traces").Contains("/conf/pub:list:pair:exchange", StringComparison.Ordinal));
        Assert.DoesNotContain("/health/live", Sent("traces"), StringComparison.Ordinal);
        Assert.DoesNotContain("not-for-collectors", Sent("traces"), StringComparison.Ordinal);

        string Sent(string signal) => received.GetValueOrDefault(signal, "");
    }
}
