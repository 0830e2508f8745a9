using System.Net;
using System.Text.Json;
using CandleStream.Streaming.Series;

namespace CandleStream.EndToEndTests.Stream;

/// <summary>What the stream route refuses, before any stream starts, and how it says so.</summary>
public sealed class StreamRefusalTests
{
    private const int Limit = 120_000;

    [Theory(Timeout = Limit)]
    [InlineData("", "symbol")]
    [InlineData("?symbol=BTCUSD", "timeframe")]
    [InlineData("?timeframe=1m", "symbol")]
    [InlineData("?symbol=BTCUSD&timeframe=2m", "timeframe")]
    [InlineData("?symbol=BTCUSD&timeframe=1d", "timeframe")]
    [InlineData("?symbol=btcusd&timeframe=1m", "symbol")]
    [InlineData("?symbol=BTCUSD&symbol=ETHUSD&timeframe=1m", "symbol")]
    [InlineData("?series=", "series")]
    [InlineData("?series=BTCUSD:1m,", "series")]
    [InlineData("?series=BTCUSD", "series")]
    [InlineData("?series=BTCUSD:1m&symbol=BTCUSD&timeframe=1m", "series")]
    [InlineData("?series=BTCUSD:1m&timeframe=1m", "series")]
    [InlineData("?series=BTCUSD:1m&snapshot=-1", "snapshot")]
    [InlineData("?series=BTCUSD:1m&snapshot=1001", "snapshot")]
    [InlineData("?series=BTCUSD:1m&snapshot=many", "snapshot")]
    [InlineData("?series=BTCUSD:1m&snapshot=99999999999", "snapshot")]
    [InlineData("?series=BTCUSD:1m&max_rate=-1", "max_rate")]
    [InlineData("?series=BTCUSD:1m&max_rate=0.01", "max_rate")]
    [InlineData("?series=BTCUSD:1m&max_rate=1e3", "max_rate")]
    [InlineData("?series=BTCUSD:1m&max_rate=fast", "max_rate")]
    [InlineData("?series=BTCUSD:1m&delta=2", "delta")]
    [InlineData("?series=BTCUSD:1m&delta=true", "delta")]
    public async Task Bad_input_is_answered_400_with_field_value_and_what_is_allowed(string query, string field)
    {
        await using var host = await StreamHost.StartAsync();
        using var response = await SendAsync(host, query);
        var problem = await ProblemOfAsync(response, HttpStatusCode.BadRequest);
        Assert.Equal(field, problem.GetProperty("field").GetString());
        Assert.NotEmpty(problem.GetProperty("allowed").GetString()!);
        Assert.Empty(host.Service.OpenSeries);
    }

    [Fact(Timeout = Limit)]
    public async Task A_hundred_series_are_served_and_one_more_is_refused()
    {
        await using var host = await StreamHost.StartAsync();
        var hundred = string.Join(',', Enumerable.Range(0, 100).Select(n => $"LOAD{n:D3}USD:1m"));
        await using var client = await SseClient.OpenAsync(host, $"?series={hundred}&series=LOAD000USD:1m");
        Assert.Equal(100, (await client.JoinAsync())[^1].Data.GetProperty("series").EnumerateObject().Count());
        using var response = await SendAsync(host, $"?series={hundred},ONEMORE:1m");
        Assert.Equal("series", (await ProblemOfAsync(response, HttpStatusCode.BadRequest)).GetProperty("field").GetString());
    }

    [Fact(Timeout = Limit)]
    public async Task Snapshots_of_all_series_together_are_limited_too()
    {
        await using var host = await StreamHost.StartAsync();
        var eleven = string.Join(',', Enumerable.Range(0, 11).Select(n => $"LOAD{n:D3}USD:1m"));
        using var response = await SendAsync(host, $"?series={eleven}&snapshot=1000");
        Assert.Contains("909", (await ProblemOfAsync(response, HttpStatusCode.BadRequest)).GetProperty("allowed").GetString(),
            StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task An_unknown_symbol_is_answered_404_with_close_matches()
    {
        await using var host = await StreamHost.StartAsync(new StreamHostOptions { Symbols = new TheseSymbols("BTCUSD") });
        using var response = await SendAsync(host, "?series=BTCUSD:1m,BTCUSX:1m");
        var problem = await ProblemOfAsync(response, HttpStatusCode.NotFound);
        Assert.Equal("BTCUSX", problem.GetProperty("value").GetString());
        Assert.Equal("BTCUSD", Assert.Single(problem.GetProperty("matches").EnumerateArray()).GetString());
    }

    [Theory(Timeout = Limit)]
    [InlineData("text/event-stream", 200)]
    [InlineData("text/html, */*;q=0.1", 200)]
    [InlineData("text/*", 200)]
    [InlineData("not a media type at all", 200)]
    [InlineData("application/json", 406)]
    [InlineData("*/*, text/event-stream;q=0", 406)]
    public async Task A_client_that_does_not_accept_event_streams_is_answered_406(string accept, int status)
    {
        await using var host = await StreamHost.StartAsync();
        using var response = await SendAsync(host, "?series=BTCUSD:1m", r => r.Headers.TryAddWithoutValidation("Accept", accept));
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact(Timeout = Limit)]
    public async Task At_the_limit_of_open_series_the_answer_is_503_and_names_the_limit()
    {
        await using var host =
            await StreamHost.StartAsync(new StreamHostOptions { Streaming = new StreamingOptions { MaxOpenSeries = 1 } });
        await using var first = await SseClient.OpenAsync(host, "?series=BTCUSD:1m");
        await using var second = await SseClient.OpenAsync(host, "?series=BTCUSD:1m");
        using var response = await SendAsync(host, "?series=BTCUSD:1m,ETHUSD:1m");
        var problem = await ProblemOfAsync(response, HttpStatusCode.ServiceUnavailable);
        Assert.Equal(1, problem.GetProperty("limit").GetInt32());
        Assert.NotNull(response.Headers.RetryAfter);
        await first.JoinAsync();
        await second.JoinAsync();
        Assert.Equal(2, host.Service.OpenSeries.Single().Subscribers);
    }

    [Fact(Timeout = Limit)]
    public async Task At_the_limit_of_streams_the_answer_is_429_with_Retry_After_until_one_leaves()
    {
        await using var host = await StreamHost.StartAsync(new StreamHostOptions { Settings = { ["MaxStreams"] = "1" } });
        await using var client = await SseClient.OpenAsync(host, "?series=BTCUSD:1m");
        using var response = await SendAsync(host, "?series=BTCUSD:1m");
        var problem = await ProblemOfAsync(response, HttpStatusCode.TooManyRequests);
        Assert.Equal(1, problem.GetProperty("limit").GetInt32());
        Assert.NotNull(response.Headers.RetryAfter);
    }

    private static Task<HttpResponseMessage> SendAsync(StreamHost host, string query, Action<HttpRequestMessage>? change = null) =>
        SseClient.SendAsync(host, query, change, TestContext.Current.CancellationToken);

    private static async Task<JsonElement> ProblemOfAsync(HttpResponseMessage response, HttpStatusCode status)
    {
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(status == response.StatusCode, $"{(int)response.StatusCode} {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        var problem = JsonElement.Parse(text);
        Assert.Equal((int)status, problem.GetProperty("status").GetInt32());
        return problem;
    }
}
