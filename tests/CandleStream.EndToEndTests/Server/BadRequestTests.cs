
namespace CandleStream.EndToEndTests.Server;

/// <summary>What is asked wrongly is answered with the field, its value and what is allowed.</summary>
public sealed class BadRequestTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const int Limit = 120_000;

    private HttpClient Client => fixture.Server.Client;

    [Theory(Timeout = Limit)]
    [InlineData("/candles?timeframe=1m", "symbol", null)]
    [InlineData("/candles?symbol=BTCUSD", "timeframe", null)]
    [InlineData("/candles?symbol=&timeframe=1m", "symbol", "")]
    [InlineData("/candles?symbol=btcusd&timeframe=1m", "symbol", "btcusd")]
    [InlineData("/candles?symbol=BTC%0AUSD&timeframe=1m", "symbol", "BTC\nUSD")]
    [InlineData("/candles?symbol=BTCUSD&timeframe=1x", "timeframe", "1x")]
    [InlineData("/candles?symbol=BTCUSD&timeframe=1d", "timeframe", "1d")]
    [InlineData("/candles?symbol=BTCUSD&timeframe=1m&limit=0", "limit", "0")]
    [InlineData("/candles?symbol=BTCUSD&timeframe=1m&limit=10001", "limit", "10001")]
    [InlineData("/candles?symbol=BTCUSD&timeframe=1m&limit=ten", "limit", "ten")]
    [InlineData("/candles?symbol=BTCUSD&timeframe=1m&limit=99999999999999999999", "limit", "99999999999999999999")]
    [InlineData("/candles?symbol=BTCUSD&timeframe=1m&start=yesterday", "start", "yesterday")]
    [InlineData("/candles?symbol=BTCUSD&timeframe=1m&start=1e12", "start", "1e12")]
    [InlineData("/candles?symbol=BTCUSD&timeframe=1m&end=-1", "end", "-1")]
    [InlineData("/candles?symbol=BTCUSD&timeframe=1m&end=9999999999999999", "end", "9999999999999999")]
    [InlineData("/candles?symbol=BTCUSD&timeframe=1m&start=2000&end=1000", "end", "1000")]
    [InlineData("/candles?symbol=BTCUSD&timeframe=1m&sort=up", "sort", "up")]
    [InlineData("/candles?symbol=BTCUSD&timeframe=1m&since=now", "since", "now")]
    [InlineData("/candles?symbol=BTCUSD&symbol=ETHUSD&timeframe=1m", "symbol", "BTCUSD,ETHUSD")]
    public async Task A_parameter_that_is_not_allowed_is_400_and_named(string path, string field, string? value)
    {
        var problem = await Client.ProblemAsync(path);
        Assert.Equal(400, (int)problem["status"]!);
        Assert.Equal(field, (string?)problem["field"]);
        Assert.Equal(value, (string?)problem["value"]);
        Assert.False(string.IsNullOrEmpty((string?)problem["allowed"]));
    }

    [Theory(Timeout = Limit)]
    [InlineData("/candles/stream?timeframe=1m")]
    [InlineData("/candles/stream?symbol=BTCUSD&timeframe=1x")]
    [InlineData("/candles/stream?symbol=BTCUSD&timeframe=1m&snapshot=-1")]
    public async Task The_stream_refuses_before_it_starts(string path) =>
        Assert.Equal(400, (int)(await Client.ProblemAsync(path))["status"]!);

    [Fact(Timeout = Limit)]
    public async Task A_month_is_not_a_minute()
    {
        var month = await Client.JsonAsync("/candles?symbol=BTCUSD&timeframe=1M&limit=1");
        Assert.Equal("1M", (string?)month["timeframe"]);
    }

    [Theory(Timeout = Limit)]
    [InlineData("/candles?symbol=BTCUDS&timeframe=1m")]
    [InlineData("/candles/stream?symbol=BTCUDS&timeframe=1m")]
    public async Task A_symbol_the_exchange_does_not_list_is_404_with_those_close_to_it(string path)
    {
        await Client.UntilAsync("/symbols", a => a["symbols"]!.AsArray().Count > 0);
        var problem = await Client.ProblemAsync(path);
        Assert.Equal(404, (int)problem["status"]!);
        Assert.Equal("BTCUSD", (string?)problem["matches"]![0]);
    }

    [Fact(Timeout = Limit)]
    public async Task A_long_value_is_cut_in_the_answer()
    {
        var problem = await Client.ProblemAsync($"/candles?timeframe=1m&symbol={new string('a', 5000)}");
        Assert.True(((string)problem["value"]!).Length <= 101);
    }

    [Theory(Timeout = Limit)]
    [InlineData("/candles/nothing", "GET", 404)]
    [InlineData("/api/candles", "GET", 404)]
    [InlineData("/assets/nothing.js", "GET", 404)]
    [InlineData("/candles?symbol=BTCUSD&timeframe=1m", "POST", 405)]
    [InlineData("/symbols", "DELETE", 405)]
    [InlineData("/candles/stream/status", "PUT", 405)]
    public async Task Wrong_paths_and_methods_are_told_as_problems(string path, string method, int status) =>
        Assert.Equal(status, (int)(await Client.ProblemAsync(path, new HttpMethod(method)))["status"]!);

    [Fact(Timeout = Limit)]
    public async Task A_client_that_takes_neither_json_nor_csv_is_told_so()
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/candles?symbol=BTCUSD&timeframe=1m");
        request.Headers.Accept.ParseAdd("image/png");
        using var answer = await Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(406, (int)answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
    }
}
