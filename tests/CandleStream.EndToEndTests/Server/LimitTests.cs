using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace CandleStream.EndToEndTests.Server;

/// <summary>Limits, other sites' pages, and a server about to stop.</summary>
public sealed class LimitTests
{
    private const int Limit = 180_000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory(Timeout = Limit)]
    [InlineData("/candles?symbol=ETHUSD&timeframe=1m")]
    [InlineData("/candles/stream?symbol=ETHUSD&timeframe=1m")]
    public async Task A_series_too_many_is_503_with_the_limit_and_when_to_come_back(string path)
    {
        await using var server = await RunningServer.StartAsync(("Streaming:MaxOpenSeries", "1"), ("Record", "BTCUSD:1m"));
        using var answer = await server.Client.GetAsync(path, Cancel);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter?.Delta);
        Assert.Equal(1, (int)JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancel))!["limit"]!);
    }

    [Fact(Timeout = Limit)]
    public async Task Other_sites_pages_read_the_api_only_when_they_are_listed()
    {
        await using var server = await RunningServer.StartAsync(("Security:AllowedOrigins:0", "https://charts.example.org"));
        Assert.Equal("https://charts.example.org", await AllowedAsync("https://charts.example.org"));
        Assert.Null(await AllowedAsync("https://elsewhere.example.org"));

        async Task<string?> AllowedAsync(string origin)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, "/timeframes");
            request.Headers.Add("Origin", origin);
            using var answer = await server.Client.SendAsync(request, Cancel);
            return answer.Headers.TryGetValues("Access-Control-Allow-Origin", out var values) ? values.Single() : null;
        }
    }

    [Theory(Timeout = Limit)]
    [InlineData("/candles/stream?series=BTCUSD:1m", "cache-control,last-event-id,x-requested-with")]
    [InlineData("/candles?symbol=BTCUSD&timeframe=1m", "if-none-match,traceparent,tracestate,x-api-key")]
    [InlineData("/candles?symbol=BTCUSD&timeframe=1m", "authorization,cache-control,content-type,pragma")]
    public async Task A_listed_page_may_send_what_libraries_for_streams_and_traces_add(string path, string headers)
    {
        await using var server = await RunningServer.StartAsync(("Security:AllowedOrigins:0", "https://charts.example.org"));
        var request = new HttpRequestMessage(HttpMethod.Options, path);
        request.Headers.Add("Origin", "https://charts.example.org");
        request.Headers.Add("Access-Control-Request-Method", "GET");
        request.Headers.Add("Access-Control-Request-Headers", headers);
        using var answer = await server.Client.SendAsync(request, Cancel);
        var allowed = answer.Headers.GetValues("Access-Control-Allow-Headers").SelectMany(v => v.Split(',')).Select(h => h.Trim())
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        Assert.All(headers.Split(','), h => Assert.Contains(h, allowed));
    }

    [Fact(Timeout = Limit)]
    public async Task A_server_about_to_stop_is_not_ready_and_says_why()
    {
        await using var server = await RunningServer.StartAsync();
        server.Get<IHostApplicationLifetime>().StopApplication();
        var report = await server.Get<HealthCheckService>().CheckHealthAsync(Cancel);
        Assert.Equal(HealthStatus.Unhealthy, report.Entries["draining"].Status);
        Assert.Equal("the server is stopping.", report.Entries["draining"].Description);
    }
}
