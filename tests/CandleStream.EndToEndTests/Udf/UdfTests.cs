using System.Net;
using System.Text.Json;
using CandleStream.EndToEndTests.Access;
using CandleStream.EndToEndTests.Server;

namespace CandleStream.EndToEndTests.Udf;

/// <summary>
/// The routes under <c>/udf</c>, asked as TradingView's adapter asks. Each test is a trap into which ordinary servers fall.
/// </summary>
public sealed class UdfTests : IAsyncLifetime
{
    // For each test its own: together they would ask for more REST calls than the exchange allows in a minute.
    private readonly ServerFixture _fixture = new();

    private const int Limit = 180_000;
    private const long Minute = 60;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private HttpClient Client => _fixture.Server.Client;

    public ValueTask InitializeAsync() => _fixture.InitializeAsync();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private UdfAdapter Adapter => new(Client);

    [Fact(Timeout = Limit)]
    public async Task A_chart_starts_scrolls_back_and_follows_the_newest_bar()
    {
        var adapter = Adapter;
        await adapter.ReadConfigAsync();
        var found = await adapter.SearchAsync("btc");
        var symbol = await adapter.ResolveAsync((string)found[0]["full_name"]!);
        var ticker = (string)symbol["ticker"]!;

        var now = await adapter.TimeAsync();
        var bars = new List<UdfBar>();
        // Scrolling: each page asks for what lies before the oldest bar of the one before.
        for (var to = now + 10; bars.Count < 1000; to = bars[0].Time)
        {
            var page = await adapter.BarsAsync(ticker, "1", to - (330 * Minute), to, 330);
            Assert.True(page.Bars.Count >= 330);
            bars.InsertRange(0, page.Bars);
        }

        Assert.Equal(bars.Select(b => b.Time).Distinct().Order(), bars.Select(b => b.Time));
        var ours = await Client.JsonAsync(
            $"/candles?symbol=BTCUSD&timeframe=1m&start={bars[0].Time * 1000}&end={(bars[^1].Time - Minute) * 1000}&limit=10000");
        Assert.Equal(ours["candles"]!.AsArray().Select(c => ((long)c!["time"]! / 1000, (decimal)c["close"]!, (decimal)c["volume"]!)),
            bars.Take(bars.Count - 1).Select(b => (b.Time, b.Close, b.Volume)));

        // The first request reaches into the future by the browser's clock; the running bar is among its bars.
        Assert.True(bars[^1].Time > now - (5 * Minute));
        var pulse = await adapter.PulseAsync(ticker, "1", await adapter.TimeAsync() + 1, Minute);
        Assert.True(pulse[^1].Time >= bars[^1].Time);
    }

    [Fact(Timeout = Limit)]
    public async Task A_symbol_tells_the_library_everything_that_its_defaults_would_get_wrong()
    {
        // The exchange says that it is simulated when it is heard for the first time.
        var candles = (await Client.JsonAsync("/candles?symbol=DUSK:USD&timeframe=1h&limit=50"))["candles"]!.AsArray();
        var symbol = await Adapter.ResolveAsync("DUSK-USD");
        Assert.Null(symbol["s"]);
        Assert.Equal("DUSK-USD", (string?)symbol["ticker"]);
        Assert.Equal(
            (1, 8, true, true, true, false), ((int)symbol["minmov"]!, (int)symbol["volume_precision"]!, (bool)symbol["has_intraday"]!,
                (bool)symbol["has_daily"]!, (bool)symbol["has_weekly_and_monthly"]!, (bool)symbol["has_empty_bars"]!));
        Assert.Equal(("24x7", "Etc/UTC", "crypto"), ((string?)symbol["session"], (string?)symbol["timezone"], (string?)symbol["type"]));
        Assert.Contains("SIMULATED", (string)symbol["description"]!, StringComparison.Ordinal);
        foreach (var multipliers in (string[])["intraday_multipliers", "daily_multipliers", "weekly_multipliers", "monthly_multipliers"])
        {
            var values = symbol[multipliers]!.AsArray().Select(m => (string)m!).ToList();
            Assert.Equal(values.Select(int.Parse).Order().Select(m => $"{m}"), values);
        }

        // Enough decimals for every close that was seen.
        var scale = (decimal)symbol["pricescale"]!;
        Assert.All(candles.Select(c => (decimal)c!["close"]!), c => Assert.Equal(decimal.Truncate(c * scale), c * scale));
    }

    [Theory(Timeout = Limit)]
    [InlineData("BTCUSD", "BTCUSD")]
    [InlineData("BITFINEX:BTCUSD", "BTCUSD")]
    [InlineData("btcusd", "BTCUSD")]
    [InlineData("DUSK:USD", "DUSK-USD")]
    [InlineData("BITFINEX:DUSK-USD", "DUSK-USD")]
    [InlineData("BITFINEX:DUSK:USD", "DUSK-USD")]
    public async Task A_symbol_is_found_by_name_ticker_and_full_name(string asked, string ticker) =>
        Assert.Equal(ticker, (string?)(await Adapter.ResolveAsync(asked))["ticker"]);

    [Theory(Timeout = Limit)]
    [InlineData("NOPE")]
    [InlineData("")]
    [InlineData("KRAKEN:BTCUSD")]
    [InlineData("BTC%00USD")]
    public async Task An_unknown_symbol_is_an_error_in_the_body(string symbol)
    {
        await Assert.ThrowsAsync<UdfException>(() => Adapter.ResolveAsync(symbol));
        Assert.Equal("unknown_symbol", (string?)(await Adapter.AskAsync($"/symbols?symbol={Uri.EscapeDataString(symbol)}"))["errmsg"]);
    }

    [Theory(Timeout = Limit)]
    [InlineData("/nothing")]
    [InlineData("/symbols")]
    [InlineData("/history?symbol=BTCUSD&resolution=2&from=1&to=2")]
    [InlineData("/history?symbol=BTCUSD&resolution=1h&from=1&to=2")]
    [InlineData("/history?symbol=BTCUSD&resolution=1&to=2")]
    [InlineData("/history?symbol=BTCUSD&resolution=1&from=x&to=2")]
    [InlineData("/history?symbol=BTCUSD&resolution=1&from=1")]
    [InlineData("/history?symbol=BTCUSD&resolution=1&from=1763840000000&to=1763840060000")]
    [InlineData("/history?symbol=BTCUSD&resolution=1&from=1&to=2&countback=-1")]
    [InlineData("/history?symbol=BTCUSD&resolution=1&from=1&to=2&countback=10001")]
    [InlineData("/search?query=&limit=0")]
    [InlineData("/marks?symbol=BTCUSD&resolution=1")]
    [InlineData("/quotes?symbols=")]
    public async Task Every_refusal_is_json_with_s_error(string question)
    {
        var answer = await Adapter.AskAsync(question);
        Assert.Equal("error", (string?)answer["s"]);
        Assert.NotEmpty((string)answer["errmsg"]!);
    }

    [Theory(Timeout = Limit)]
    [InlineData("D", "1D")]
    [InlineData("W", "1W")]
    [InlineData("M", "1M")]
    public async Task The_short_and_the_long_form_of_a_resolution_are_one(string brief, string full)
    {
        var now = await Adapter.TimeAsync();
        var bars = await Adapter.BarsAsync("BTCUSD", brief, now - (86_400 * 40), now - (86_400 * 40), 3);
        Assert.Equal(3, bars.Bars.Count);
        Assert.Equal(bars.Bars, (await Adapter.BarsAsync("BTCUSD", full, now - (86_400 * 40), now - (86_400 * 40), 3)).Bars);
    }

    [Fact(Timeout = Limit)]
    public async Task A_bar_that_opens_at_to_is_not_in_the_answer()
    {
        var to = (await Adapter.TimeAsync()) / 3600 * 3600 - 36_000;
        var bars = (await Adapter.BarsAsync("BTCUSD", "60", to - (5 * 3600), to, null)).Bars;
        Assert.Equal(Enumerable.Range(1, 5).Select(i => to - (i * 3600)).Reverse(), bars.Select(b => b.Time));
    }

    [Fact(Timeout = Limit)]
    public async Task The_answer_is_the_union_of_range_and_countback()
    {
        var to = (await Adapter.TimeAsync()) / 3600 * 3600 - 36_000;
        // A range longer than the countback is not cut to it.
        Assert.Equal(20, (await Adapter.BarsAsync("BTCUSD", "60", to - (20 * 3600), to, 5)).Bars.Count);
        // A range shorter than the countback is extended to it.
        var extended = (await Adapter.BarsAsync("BTCUSD", "60", to - (5 * 3600), to, 20)).Bars;
        Assert.Equal((20, to - (20 * 3600)), (extended.Count, extended[0].Time));
        // Without a range the countback alone counts.
        Assert.Equal(7, (await Adapter.BarsAsync("BTCUSD", "60", to, to, 7)).Bars.Count);
    }

    [Fact(Timeout = Limit)]
    public async Task A_quiet_stretch_is_bridged_with_countback_and_named_without()
    {
        var candles = (await Client.JsonAsync("/candles?symbol=DUSK:USD&timeframe=1m&limit=2000"))["candles"]!.AsArray()
            .Select(c => (long)c!["time"]! / 1000).ToList();
        var after = candles.FindLastIndex(candles.Count - 5, t => candles[candles.IndexOf(t) + 1] - t >= 3 * Minute);
        Assert.True(after > 2, "the pair misses minutes");
        // Between the two bars nothing was traded.
        var (from, to) = (candles[after] + Minute, candles[after + 1]);
        Assert.Equal(
            [candles[after - 1], candles[after]], (await Adapter.BarsAsync("DUSK-USD", "1", from, to, 2)).Bars.Select(b => b.Time));
        var page = await Adapter.BarsAsync("DUSK-USD", "1", from, to, null);
        Assert.Equal((true, candles[after]), (page.NoData, page.NextTime));
    }

    [Fact(Timeout = Limit)]
    public async Task Two_pulses_on_a_quiet_symbol_both_have_their_two_bars()
    {
        var adapter = Adapter;
        var start = (await adapter.TimeAsync()) - 7200;
        // From pulse to pulse a new bar began, however old: the adapter fails if it cannot see the one before.
        for (var now = start; now < start + 3600; now += 5 * Minute) await adapter.PulseAsync("DUSK-USD", "1", now, Minute);
    }

    [Fact(Timeout = Limit)]
    public async Task Before_the_first_bar_there_is_no_data_and_no_next_time()
    {
        var page = await Adapter.BarsAsync("BTCUSD", "1D", 0, 1_400_000_000, 10);
        Assert.Equal((true, null), (page.NoData, page.NextTime));
    }

    [Fact(Timeout = Limit)]
    public async Task A_range_from_before_the_listing_answers_what_there_is()
    {
        var now = await Adapter.TimeAsync();
        var bars = (await Adapter.BarsAsync("BTCUSD", "1W", -5_000_000_000, now, 5000)).Bars;
        Assert.InRange(bars.Count, 10, 5000);
    }

    [Fact(Timeout = Limit)]
    public async Task Nothing_of_it_may_be_cached_and_a_ticker_without_a_price_is_an_error()
    {
        using var answer = await Client.GetAsync("/udf/history?symbol=BTCUSD&resolution=1&from=1&to=1763840000&countback=2", Cancel);
        Assert.True(answer.Headers.CacheControl!.NoStore);
        var quotes = (await Adapter.AskAsync("/quotes?symbols=BTCUSD,NOPE"))["d"]!.AsArray();
        Assert.Equal(("ok", "BTCUSD", "error", "NOPE"),
            ((string?)quotes[0]!["s"], (string?)quotes[0]!["n"], (string?)quotes[1]!["s"], (string?)quotes[1]!["n"]));
        Assert.True((decimal)quotes[0]!["v"]!["lp"]! > 0);
    }

    [Fact(Timeout = Limit)]
    public async Task OpenBB_gets_its_widget_and_another_sites_page_may_read_all_of_it()
    {
        const string origin = "https://pro.openbb.co";
        await using var server = await RunningServer.StartAsync(("Security:AllowedOrigins", origin));
        var widget = (await server.Client.JsonAsync("/widgets.json"))["candlestream_chart"]!;
        Assert.Equal("advanced_charting", (string?)widget["type"]);
        foreach (var path in (string[])["/widgets.json", $"{widget["endpoint"]}/config", $"{widget["endpoint"]}/time",
            $"{widget["endpoint"]}/symbols?symbol={widget["data"]!["defaultSymbol"]}"])
        {
            var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.Add("Origin", origin);
            using var answer = await server.Client.SendAsync(request, Cancel);
            Assert.Equal(
                (HttpStatusCode.OK, origin), (answer.StatusCode, answer.Headers.GetValues("Access-Control-Allow-Origin").Single()));
        }
    }

    [Fact(Timeout = Limit)]
    public async Task Candles_that_cannot_be_verified_are_an_error_and_not_an_empty_chart()
    {
        var port = FreePort.Take();
        await using var server = await RunningServer.StartAsync(
            new Uri($"ws://127.0.0.1:{port}/ws/2"), new Uri($"http://127.0.0.1:{port}/v2"), null, ("Streaming:FirstDataWait", "00:00:00"),
            ("Streaming:HistoryWait", "00:00:00.1"));
        var adapter = new UdfAdapter(server.Client);
        await Assert.ThrowsAsync<UdfException>(() => adapter.BarsAsync("BTCUSD", "1", 1_763_840_000, 1_763_850_000, 100));
        // The chart can still be set up: the exchange may be back when it asks for bars.
        Assert.Equal(100_000_000, (long)(await adapter.ResolveAsync("BTCUSD"))["pricescale"]!);
        Assert.Equal("error", (string?)(await adapter.AskAsync("/quotes?symbols=BTCUSD"))["d"]![0]!["s"]);
    }
}

/// <summary>A key in the path, for programs that can be given an address and nothing else.</summary>
public sealed class DoorTicketTests
{
    private const int Limit = 180_000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact(Timeout = Limit)]
    public async Task A_ticket_in_the_path_opens_its_own_routes_and_nothing_else()
    {
        await using var locked = await LockedServer.StartAsync();
        var ticket = await TicketAsync(locked, "/udf");
        var chart = new UdfAdapter(locked.Client, $"/k/{ticket}/udf");
        await chart.ReadConfigAsync();
        Assert.Equal("BTCUSD", (string?)(await chart.ResolveAsync("BTCUSD"))["ticker"]);
        foreach (var path in (string[])["/candles?symbol=BTCUSD&timeframe=1m", "/symbols", "/metrics", "", "/", "/tickets?path=/udf"])
            Assert.Contains(await locked.StatusAsync($"/k/{ticket}{path}"), (int[])[401, 404]);
        Assert.Equal(401, await locked.StatusAsync("/udf/config"));
        foreach (var wrong in (string[])["x", ticket[..^2], ticket + "AA", "%00", ""])
            Assert.Contains(await locked.StatusAsync($"/k/{wrong}/udf/config"), (int[])[400, 401, 404]);
        // The refusal has the form that the programs behind the path expect.
        using var refusal = await locked.AskAsync("/k/x/udf/config");
        Assert.Equal("error", JsonDocument.Parse(await refusal.Content.ReadAsStringAsync(Cancel)).RootElement.GetProperty("s").GetString());
    }

    [Fact(Timeout = Limit)]
    public async Task Only_a_key_makes_tickets_and_only_for_the_doors()
    {
        await using var locked = await LockedServer.StartAsync();
        Assert.Equal(401, await locked.StatusAsync("/tickets?path=/udf", method: HttpMethod.Post));
        foreach (var path in (string[])["", "?path=", "?path=/candles", "?path=/udf/", "?path=/k"])
            Assert.Equal(400, await locked.StatusAsync("/tickets" + path, LockedServer.ReadKey, HttpMethod.Post));
    }

    [Fact(Timeout = Limit)]
    public async Task A_ticket_ends_with_its_time_and_with_its_key()
    {
        var time = new ShiftedTime();
        await using var locked = await LockedServer.StartAsync(time, ("Security:PathTicketLifetime", "1.00:00:00"));
        var ticket = await TicketAsync(locked, "/udf");
        Assert.Equal(200, await locked.StatusAsync($"/k/{ticket}/udf/config"));
        time.Shift = TimeSpan.FromHours(25);
        Assert.Equal(401, await locked.StatusAsync($"/k/{ticket}/udf/config"));
        time.Shift = TimeSpan.Zero;
        var left = (await File.ReadAllLinesAsync(locked.KeyFile, Cancel)).Where(l => !l.StartsWith("charts ", StringComparison.Ordinal));
        await File.WriteAllLinesAsync(locked.KeyFile, left, Cancel);
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (await locked.StatusAsync($"/k/{ticket}/udf/config") != 401) await look.WaitForNextTickAsync(Cancel);
    }

    [Fact(Timeout = Limit)]
    public async Task A_chart_that_asks_too_often_is_told_so_in_its_own_form()
    {
        await using var locked = await LockedServer.StartAsync(("Security:RequestsPerSecond", "1"), ("Security:RequestBurst", "1"));
        var ticket = await TicketAsync(locked, "/udf");
        while (true)
        {
            using var answer = await locked.AskAsync($"/k/{ticket}/udf/config");
            if (answer.StatusCode != HttpStatusCode.TooManyRequests) continue;
            Assert.NotNull(answer.Headers.RetryAfter);
            Assert.Equal(
                "error", JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancel)).RootElement.GetProperty("s").GetString());
            return;
        }
    }

    internal static async Task<string> TicketAsync(LockedServer locked, string path)
    {
        using var answer = await locked.AskAsync($"/tickets?path={path}", LockedServer.ReadKey, HttpMethod.Post);
        return JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancel)).RootElement.GetProperty("ticket").GetString()!;
    }

    private sealed class ShiftedTime : TimeProvider
    {
        public TimeSpan Shift { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Shift;
    }
}
