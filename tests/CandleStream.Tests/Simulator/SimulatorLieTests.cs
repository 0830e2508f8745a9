using System.Text.Json;
using CandleStream.Simulator;
using CandleStream.Simulator.Faults;
using CandleStream.Simulator.Markets;
using CandleStream.Simulator.Protocol;
using Microsoft.Extensions.Time.Testing;

namespace CandleStream.Tests.Simulator;

/// <summary>
/// The faults that are lies rather than losses: rows that are no candles, wrong times, flags that are not set, pages that end too early.
/// </summary>
public sealed class SimulatorLieTests : IAsyncLifetime
{
    private const string Key = "trade:1m:tBTCUSD";
    private const long Minute = 60_000;

    private static readonly DateTimeOffset Noon = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);

    private readonly FakeTimeProvider _clock = new(Noon);
    private readonly ScriptedMarket _market = new("BTCUSD");
    private BitfinexSimulator _simulator = null!;
    private ExchangeClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _simulator = await BitfinexSimulator.StartAsync(
            new SimulatorOptions { Listen = false, TimeProvider = _clock, CustomMarket = _market }, TestContext.Current.CancellationToken);
        _client = new ExchangeClient(_simulator.ConnectInProcess());
        await _client.ReceiveAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _simulator.DisposeAsync();
    }

    [Theory]
    [InlineData(FaultKind.NullRow)]
    [InlineData(FaultKind.UnparsableRow)]
    [InlineData(FaultKind.ImplausibleRow)]
    public async Task A_bad_row_keeps_its_time_and_is_one_row_of_an_update_a_snapshot_and_a_page(FaultKind kind)
    {
        for (var minute = 1; minute <= 6; minute++)
            _market.Set(Key, Candle(minute));
        _simulator.Faults.Add(new Fault(kind) { Count = 1 });
        await _client.SubscribeAsync(Key);
        var snapshot = (await _client.ReceiveDataAsync())[1].EnumerateArray().ToList();
        Assert.Equal([6, 5, 4, 3, 2, 1], snapshot.Select(MinuteOf));
        Assert.Single(snapshot, row => !IsTrue(row));

        foreach (var minute in (int[])[7, 8, 9])
        {
            _simulator.Faults.Add(new Fault(kind) { Count = 1 });
            _market.Send(Key, Candle(minute));
            var update = (await _client.ReceiveDataAsync())[1];
            Assert.Equal((minute, false), (MinuteOf(update), IsTrue(update)));
        }

        _simulator.Faults.Add(new Fault(kind) { Count = 1 });
        var page = (await GetAsync("hist?sort=1&limit=20")).EnumerateArray().ToList();
        Assert.Equal(Enumerable.Range(1, 9), page.Select(MinuteOf));
        Assert.Single(page, row => !IsTrue(row));
        Assert.All((await GetAsync("hist?sort=1&limit=20")).EnumerateArray(), row => Assert.True(IsTrue(row)));
    }

    [Fact]
    public async Task A_stray_row_comes_besides_the_true_ones()
    {
        await _client.SubscribeAsync(Key);
        await _client.ReceiveDataAsync();
        var strays = new List<long>();
        foreach (var minute in (int[])[3, 4, 5])
        {
            _simulator.Faults.Add(new Fault(FaultKind.StrayRow) { Count = 1 });
            _market.Send(Key, Candle(minute));
            strays.Add((await _client.ReceiveDataAsync())[1][0].GetInt64());
            Assert.True(IsTrue((await _client.ReceiveDataAsync())[1]));
        }

        Assert.Equal([1, (4 * Minute) + (365 * 24 * 60 * Minute), (5 * Minute) + 1], strays);
        _simulator.Faults.Add(new Fault(FaultKind.StrayRow) { Count = 1 });
        Assert.Equal(4, (await GetAsync("hist?sort=1&limit=20")).GetArrayLength());
    }

    [Theory]
    [InlineData(FaultKind.TimeAhead, 1)]
    [InlineData(FaultKind.TimeBehind, -1)]
    public async Task Stamps_are_wrong_by_as_much_and_as_often_in_a_row_as_asked_for(FaultKind kind, int sign)
    {
        await ConfigureAsync();
        await _client.ReceiveAsync();
        await _client.SubscribeAsync(Key);
        var before = (await _client.ReceiveDataAsync())[3].GetInt64();
        _simulator.Faults.Add(new Fault(kind) { Count = 2, DelayMs = 7_200_000 });
        for (var minute = 1; minute <= 3; minute++)
            _market.Send(Key, Candle(minute));

        var stamps = new List<long>();
        for (var frame = 0; frame < 3; frame++)
            stamps.Add((await _client.ReceiveDataAsync())[3].GetInt64() - before);
        Assert.Equal([sign * 7_200_000, sign * 7_200_000, 0], stamps);
    }

    [Fact]
    public async Task Conf_refused_answers_with_an_error_and_conf_withheld_not_at_all_and_neither_sets_a_flag()
    {
        _simulator.Faults.Add(new Fault(FaultKind.ConfWithheld) { Count = 1 });
        await ConfigureAsync();
        _simulator.Faults.Add(new Fault(FaultKind.ConfRefused) { Count = 1 });
        await ConfigureAsync();
        var answer = await _client.ReceiveAsync();
        Assert.Equal(("error", 10050), (ExchangeClient.Event(answer), answer.GetProperty("code").GetInt32()));

        await _client.SubscribeAsync(Key);
        Assert.Equal(2, (await _client.ReceiveDataAsync()).GetArrayLength());
    }

    [Theory]
    [InlineData(FaultKind.RestDateAhead, 1)]
    [InlineData(FaultKind.RestDateBehind, -1)]
    public async Task The_date_header_is_wrong_by_as_much_as_asked_for(FaultKind kind, int sign)
    {
        _simulator.Faults.Add(new Fault(kind) { Count = 1, DelayMs = 3_600_000 });
        using var http = new HttpClient(_simulator.CreateHttpHandler());
        foreach (var wrongBy in (int[])[sign * 60, 0])
        {
            using var answer = await http.GetAsync(AddressOf("last"), TestContext.Current.CancellationToken);
            Assert.Equal(DateTimeOffset.FromUnixTimeMilliseconds(_market.Now).AddMinutes(wrongBy), answer.Headers.Date);
        }
    }

    [Fact]
    public async Task A_capped_page_ends_too_early()
    {
        for (var minute = 1; minute <= 6; minute++)
            _market.Set(Key, Candle(minute));
        _simulator.Faults.Add(new Fault(FaultKind.RestCapped) { Count = 1, Limit = 2 });

        Assert.Equal([1, 2], (await GetAsync("hist?sort=1&limit=20")).EnumerateArray().Select(MinuteOf));
        Assert.Equal(6, (await GetAsync("hist?sort=1&limit=20")).GetArrayLength());
    }

    private static MarketCandle Candle(int minute) => new(minute * Minute, 1m, 2m, 0.5m, 1.5m, 10m + minute);

    private static int MinuteOf(JsonElement row) => (int)(row[0].GetInt64() / Minute);

    private static bool IsTrue(JsonElement row)
    {
        var truth = Candle(MinuteOf(row));
        decimal[] fields = [truth.Open, truth.Close, truth.High, truth.Low, truth.Volume];
        return row.EnumerateArray().Skip(1).Select(
            field => field.ValueKind == JsonValueKind.Number && field.TryGetDecimal(out var number) ? number : -1).SequenceEqual(fields);
    }

    private static Uri AddressOf(string call) => new($"http://exchange.test/v2/candles/{Key}/{call}");

    private Task ConfigureAsync() => _client.SendAsync("""{"event":"conf","flags":98304}""");

    private async Task<JsonElement> GetAsync(string call)
    {
        using var http = new HttpClient(_simulator.CreateHttpHandler());
        return JsonElement.Parse(await http.GetStringAsync(AddressOf(call), TestContext.Current.CancellationToken));
    }
}
