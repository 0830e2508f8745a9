using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using CandleStream.Simulator;
using Microsoft.Extensions.Time.Testing;

namespace CandleStream.Tests.Simulator;

/// <summary>Each fault of the REST side by name, and the control routes that set them, over loopback.</summary>
public sealed class SimulatorRestFaultTests : IAsyncLifetime
{
    private const string History = "v2/candles/trade:1m:tBTCUSD/hist";

    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 3, 4, 12, 0, 30, TimeSpan.Zero));
    private BitfinexSimulator _simulator = null!;
    private HttpClient _http = null!;

    public async ValueTask InitializeAsync()
    {
        _simulator =
            await BitfinexSimulator.StartAsync(new SimulatorOptions { TimeProvider = _clock }, TestContext.Current.CancellationToken);
        _http = new HttpClient { BaseAddress = _simulator.Url };
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _simulator.DisposeAsync();
    }

    [Theory]
    [InlineData("rest-429", 429, "[\"error\",11010,\"ratelimit: error\"]")]
    [InlineData("rest-429-as-200", 200, "[\"error\",11010,\"ratelimit: error\"]")]
    [InlineData("rest-500", 500, "[\"error\",10001,\"generic: error\"]")]
    [InlineData("rest-maintenance", 503, "temporarily_unavailable")]
    [InlineData("rest-html", 502, "<!DOCTYPE html>")]
    public async Task An_error_answers_instead_of_the_candles_as_often_as_asked_for(string fault, int status, string body)
    {
        await AddAsync($$"""{"fault":"{{fault}}","count":1,"key":"trade:1m:tBTCUSD"}""");

        using var other = await GetAsync("v2/candles/trade:1m:tETHUSD/hist");
        using var answer = await GetAsync(History);
        using var after = await GetAsync(History);

        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Contains(body, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.StartsWith("[[", await after.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unreachable_ends_the_connection_without_an_answer()
    {
        await AddAsync("""{"fault":"rest-unreachable"}""");

        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(History));
        using var inProcess = new HttpClient(_simulator.CreateHttpHandler());
        await Assert.ThrowsAsync<HttpRequestException>(
            () => inProcess.GetAsync(new Uri("http://x.test/" + History), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Bad_gzip_is_an_answer_whose_body_cannot_be_read()
    {
        await AddAsync("""{"fault":"rest-bad-gzip","count":2}""");
        using var decompressing = new HttpClient(new HttpClientHandler { AutomaticDecompression = DecompressionMethods.All });
        using var answer = await decompressing.GetAsync(
            new Uri(_simulator.Url, History), HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        using var inProcess = new HttpMessageInvoker(_simulator.CreateHttpHandler());
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("http://x.test/" + History));
        using var same = await inProcess.SendAsync(request, TestContext.Current.CancellationToken);

        foreach (var spoiled in (HttpResponseMessage[])[answer, same])
        {
            Assert.Equal(HttpStatusCode.OK, spoiled.StatusCode);
            await using var body = await spoiled.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
            await Assert.ThrowsAsync<InvalidDataException>(() => body.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken));
        }

        Assert.StartsWith("[[", await _http.GetStringAsync(History, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Slow_answers_after_its_delay_by_the_clock()
    {
        await AddAsync("""{"fault":"rest-slow","delay_ms":30000,"count":1}""");
        using var inProcess = new HttpClient(_simulator.CreateHttpHandler());
        var answer = inProcess.GetAsync(new Uri("http://x.test/" + History), TestContext.Current.CancellationToken);
        Assert.False(answer.IsCompleted);
        Assert.False(_simulator.IsBusy);

        _clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(HttpStatusCode.OK, (await answer).StatusCode);
    }

    [Fact]
    public async Task Stale_lacks_what_is_new_and_says_its_age()
    {
        var fresh = Times(await ReadAsync(History));
        await AddAsync("""{"fault":"rest-stale","delay_ms":90000}""");

        using var answer = await GetAsync(History);

        var stale = Times(JsonElement.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
        Assert.Equal(90, answer.Headers.Age?.TotalSeconds);
        Assert.Equal(fresh.Where(time => time <= _clock.GetUtcNow().AddSeconds(-90).ToUnixTimeMilliseconds()), stale);
        Assert.True(stale.Count < fresh.Count);
    }

    [Fact]
    public async Task Lies_are_outside_the_range_unsorted_or_told_twice()
    {
        var all = Times(await ReadAsync(History));
        var path = $"{History}?start={all[60]}&end={all[50]}";
        var truth = Times(await ReadAsync(path));

        await AddAsync("""{"fault":"rest-outside-range","count":1}""");
        var outside = Times(await ReadAsync(path));
        Assert.Contains(outside, time => time < all[60]);
        Assert.Contains(outside, time => time > all[50]);

        await AddAsync("""{"fault":"rest-unsorted","count":1}""");
        var unsorted = Times(await ReadAsync(path));
        Assert.NotEqual(truth, unsorted);
        Assert.Equal(truth, unsorted.OrderDescending());

        await AddAsync("""{"fault":"rest-duplicated","count":1}""");
        var duplicated = Times(await ReadAsync(path));
        Assert.True(duplicated.Count > truth.Count);
        Assert.Equal(truth, duplicated.Distinct());
        Assert.Equal(truth, Times(await ReadAsync(path)));
    }

    [Fact]
    public async Task Control_shows_truth_connections_calls_and_faults()
    {
        using var client = await ExchangeClient.ConnectAsync(_simulator);
        var channel = await client.SubscribeAsync("trade:1m:tBTCUSD");
        await ReadAsync(History + "?limit=2");
        await ReadAsync(History + "?limit=2");

        var subscriptions = await ReadAsync("control/subscriptions");
        Assert.Equal(channel, subscriptions.GetProperty("connections")[0].GetProperty("channels")[0].GetProperty("chan_id").GetInt32());
        Assert.Equal(1, subscriptions.GetProperty("connects").GetInt32());
        var calls = await ReadAsync("control/rest-calls");
        Assert.Equal(2, calls.GetProperty("calls")[0].GetProperty("count").GetInt32());
        var ledger =
            await ReadAsync($"control/ledger?key=trade:1m:tBTCUSD&start={_clock.GetUtcNow().AddMinutes(-10).ToUnixTimeMilliseconds()}");
        Assert.True(ledger.GetProperty("candles")[0].GetProperty("closed").GetBoolean());
        Assert.Equal(_simulator.Ledger("trade:1m:tBTCUSD")[^1].Close,
            ledger.GetProperty("candles")[ledger.GetProperty("candles").GetArrayLength() - 1].GetProperty("close").GetDecimal());

        var id = await AddAsync("""{"fault":"silence","key":"trade:1m:tBTCUSD"}""");
        Assert.Equal("silence", (await ReadAsync("control/faults")).GetProperty("faults")[0].GetProperty("fault").GetString());
        using var removed = await _http.DeleteAsync($"control/faults/{id}", TestContext.Current.CancellationToken);
        using var again = await _http.DeleteAsync($"control/faults/{id}", TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NotFound), (removed.StatusCode, again.StatusCode));
        Assert.Equal(_clock.GetUtcNow().ToUnixTimeMilliseconds(), (await ReadAsync("control/time")).GetProperty("market_time").GetInt64());
    }

    [Theory]
    [InlineData("""{"fault":"no-such-thing"}""", "no-such-thing")]
    [InlineData("""{"key":"trade:1m:tBTCUSD"}""", "fault")]
    [InlineData("""{"fault":"cut","key":"BTCUSD"}""", "BTCUSD")]
    [InlineData("""{"fault":"cut","colour":"red"}""", "colour")]
    [InlineData("""cut""", "JSON")]
    public async Task A_fault_that_cannot_be_understood_is_refused_with_the_reason(string body, string named)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var answer = await _http.PostAsync("control/faults", content, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(named, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Empty(_simulator.Faults.Active);
    }

    private async Task<int> AddAsync(string fault)
    {
        using var content = new StringContent(fault, System.Text.Encoding.UTF8, "application/json");
        using var answer = await _http.PostAsync("control/faults", content, TestContext.Current.CancellationToken);
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken)).GetProperty("id").GetInt32();
    }

    private Task<HttpResponseMessage> GetAsync(string path) => _http.GetAsync(path, TestContext.Current.CancellationToken);

    private async Task<JsonElement> ReadAsync(string path) =>
        JsonElement.Parse(await _http.GetStringAsync(path, TestContext.Current.CancellationToken));

    private static List<long> Times(JsonElement page) => [.. page.EnumerateArray().Select(candle => candle[0].GetInt64())];
}
