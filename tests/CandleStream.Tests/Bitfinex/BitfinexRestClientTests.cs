using System.Net;
using CandleStream.Exchanges;
using CandleStream.Exchanges.Bitfinex;
using CandleStream.Providers;
using CandleStream.Tests.Support;

namespace CandleStream.Tests.Bitfinex;

[Collection(nameof(VirtualTime))]
public class BitfinexRestClientTests
{
    private static readonly TimeRange Range = new(60_000, 600_000);

    private static async Task<CandleProviderException> FailsAsync(ProviderFixture f) =>
        await Assert.ThrowsAsync<CandleProviderException>(
            () => f.Provider.FetchAsync(ProviderFixture.Series(), Range, FetchPurpose.History, TestContext.Current.CancellationToken));

    private static Task<HistoryPage> FetchAsync(ProviderFixture f, string series = "BTCUSD:1m", TimeRange? range = null) =>
        f.Provider.FetchAsync(ProviderFixture.Series(series), range ?? Range, FetchPurpose.History, TestContext.Current.CancellationToken);

    [Fact]
    public async Task A_page_is_asked_for_with_inclusive_bounds_oldest_first_and_is_complete_over_its_range()
    {
        await using var f = new ProviderFixture();
        f.Exchange.Rest = _ => ScriptedExchange.Json("[[60000,1,3,4,0.5,1e-8],[540000,2,2,2,2,1]]");

        var page = await FetchAsync(f, "DUSK:USD:1m");

        Assert.Equal("/v2/candles/trade:1m:tDUSK:USD/hist?limit=10000&start=60000&end=599999&sort=1", f.Exchange.RestCalls.Single().Path);
        Assert.Equal(Range, page.Range);
        Assert.Equal(new Candle(60000, 1, 4, 0.5m, 3, 0.00000001m), page.Candles[0]);
        Assert.Equal(540000, page.Candles[1].Time);
        Assert.Equal(f.Now.ToUnixTimeMilliseconds(), page.AsOf);
    }

    [Fact]
    public async Task An_empty_answer_means_that_nothing_was_traded_in_the_range()
    {
        await using var f = new ProviderFixture();
        var page = await FetchAsync(f);

        Assert.Empty(page.Candles);
        Assert.Equal(Range, page.Range);
    }

    [Fact]
    public async Task A_full_page_is_complete_only_up_to_the_end_of_its_last_candle()
    {
        await using var f = new ProviderFixture();
        f.Exchange.Rest =
            _ => ScriptedExchange.Json("[" + string.Join(',', Enumerable.Range(1, 10_000).Select(i => $"[{i * 60_000L},1,1,1,1,1]")) + "]");

        var page = await FetchAsync(f, range: new TimeRange(60_000, 60_000_000_000));

        Assert.Equal(10_000, page.Candles.Count);
        Assert.Equal(new TimeRange(60_000, 600_060_000), page.Range);
    }

    [Fact]
    public async Task The_age_of_a_cached_answer_is_taken_off_its_date()
    {
        await using var f = new ProviderFixture();
        f.Exchange.Rest = _ =>
        {
            var answer = ScriptedExchange.Json("[]");
            answer.Headers.Age = TimeSpan.FromSeconds(42);
            return answer;
        };

        Assert.Equal((f.Now - TimeSpan.FromSeconds(42)).ToUnixTimeMilliseconds(), (await FetchAsync(f)).AsOf);
    }

    [Fact]
    public async Task Unsorted_and_repeated_candles_are_put_right()
    {
        await using var f = new ProviderFixture();
        f.Exchange.Rest = _ => ScriptedExchange.Json("[[120000,2,2,2,2,1],[60000,1,1,1,1,1],[120000,2,2,2,2,5]]");

        var page = await FetchAsync(f);

        Assert.Equal([60000, 120000], page.Candles.Select(c => c.Time));
        Assert.Equal(5, page.Candles[1].Volume);
        Assert.Equal(new TimeRange(60_000, 180_000), page.Range);
    }

    [Theory]
    [InlineData("[[120000,1,1,1,1,1],[240000,1,1,1,1,1]]", 60_000, 300_000)]
    [InlineData("[[240000,1,1,1,1,1],[120000,1,1,1,1,1]]", 120_000, 300_000)]
    public async Task A_short_answer_is_complete_only_up_to_the_end_of_its_last_candle(string rows, long from, long to)
    {
        await using var f = new ProviderFixture();
        f.Exchange.Rest = _ => ScriptedExchange.Json(rows);

        Assert.Equal(new TimeRange(from, to), (await FetchAsync(f)).Range);
    }

    [Theory]
    [InlineData("[120000,null,1,1,1,1]", 120_000, 180_000)]
    [InlineData("[120000,1,1,1,1,1e40]", 120_000, 180_000)]
    [InlineData("[120000]", 120_000, 180_000)]
    [InlineData("[null,1,1,1,1,1]", 120_000, 240_000)]
    [InlineData("null", 120_000, 240_000)]
    public async Task A_row_that_cannot_be_read_costs_that_row_and_its_time_stays_unknown(string row, long from, long to)
    {
        await using var f = new ProviderFixture();
        f.Exchange.Rest = _ => ScriptedExchange.Json($"[[60000,1,1,1,1,1],{row},[240000,1,1,1,1,1]]");

        var page = await FetchAsync(f);

        Assert.Equal([60_000, 240_000], page.Candles.Select(c => c.Time));
        Assert.Equal(new TimeRange(60_000, 300_000), page.Range);
        Assert.Equal([new TimeRange(from, to)], page.Unreadable.Ranges);
    }

    [Fact]
    public async Task An_answer_with_candles_of_another_time_proves_nothing_beyond_its_own_ends()
    {
        await using var f = new ProviderFixture();
        f.Exchange.Rest = _ => ScriptedExchange.Json(
            "[[0,1,1,1,1,1],[120000,2,2,2,2,1],[240000,2,2,2,2,1],[900000,1,1,1,1,1]]".Replace("[0,", "[30000,", StringComparison.Ordinal));
        var page = await FetchAsync(f);
        Assert.Equal([120000, 240000], page.Candles.Select(c => c.Time));
        Assert.Equal(new TimeRange(120_000, 300_000), page.Range);

        f.Exchange.Rest = _ => ScriptedExchange.Json("[[900000,1,1,1,1,1]]");
        Assert.Equal("the exchange answered over REST with candles outside the range", (await FailsAsync(f)).Message);
    }

    [Fact]
    public async Task A_full_page_in_the_wrong_order_is_not_believed()
    {
        await using var f = new ProviderFixture();
        f.Exchange.Rest = _ => ScriptedExchange.Json(
            "[" + string.Join(',', Enumerable.Range(1, 10_000).Reverse().Select(i => $"[{i * 60_000L},1,1,1,1,1]")) + "]");

        await Assert.ThrowsAsync<CandleProviderException>(() => FetchAsync(f, range: new TimeRange(60_000, 60_000_000_000)));
    }

    [Fact]
    public async Task An_answer_of_nothing_but_bad_rows_says_so_of_their_times_and_proves_nothing_behind_them()
    {
        await using var f = new ProviderFixture();
        f.Exchange.Rest = _ => ScriptedExchange.Json("[[60000,1,1,1,1]]");

        var page = await FetchAsync(f);

        Assert.Equal(new TimeRange(60_000, 120_000), page.Range);
        Assert.Equal([page.Range], page.Unreadable.Ranges);
        Assert.Empty(page.Candles);
    }

    [Theory]
    [InlineData("[\"error\",10020,\"symbol: invalid\"]", 500, true)]
    [InlineData("[\"error\",10020,\"symbol: invalid\"]", 200, true)]
    [InlineData("[\"error\",10020,\"key: invalid\"]", 500, true)]
    [InlineData("[\"error\",10020]", 500, true)]
    [InlineData("[\"error\",10020,\"start: invalid\"]", 500, false)]
    [InlineData("[\"error\",10000,\"unknown\"]", 500, false)]
    [InlineData("[\"error\",10001,\"generic: error\"]", 500, false)]
    [InlineData("{\"code\":503,\"error\":\"temporarily_unavailable\"}", 503, false)]
    [InlineData("[\"error\",20060,\"maintenance\"]", 200, false)]
    [InlineData("<html></html>", 200, false)]
    [InlineData("", 200, false)]
    [InlineData("[[60000,1,1,1,1,1]]]", 200, false)]
    [InlineData("[[60000,1,1,1,1,1]]", 500, false)]
    public async Task Errors_are_told_whatever_status_they_have_and_only_an_unknown_symbol_is_a_refusal(
        string body, int status, bool isRefusal)
    {
        await using var f = new ProviderFixture();
        f.Exchange.Rest = _ => ScriptedExchange.Json(body, (HttpStatusCode)status);

        Assert.Equal(isRefusal, (await FailsAsync(f)).IsRefusal);
    }

    [Theory]
    [InlineData("[\"error\",11010,\"ratelimit: error\"]", 429)]
    [InlineData("[\"error\",11010,\"ratelimit: error\"]", 200)]
    [InlineData("", 429)]
    public async Task After_a_rate_limit_nothing_is_asked_for_a_minute(string body, int status)
    {
        await using var f = new ProviderFixture();
        f.Exchange.Rest = _ => ScriptedExchange.Json(body, (HttpStatusCode)status);
        await FailsAsync(f);
        f.Exchange.Rest = _ => ScriptedExchange.Json("[]");

        var next = FetchAsync(f);
        await f.Until(() => next.IsCompleted);

        var calls = f.Exchange.RestCalls.ToArray();
        Assert.Equal(TimeSpan.FromSeconds(60), calls[1].At - calls[0].At);
    }

    [Fact]
    public async Task An_exchange_that_does_not_answer_fails_the_call_after_ten_seconds()
    {
        await using var f = new ProviderFixture();
        f.Exchange.RestDelay = new TaskCompletionSource().Task;
        var call = FailsAsync(f);
        var since = f.Now;
        await f.Until(() => call.IsCompleted);

        Assert.Equal("the exchange did not answer over REST in time", (await call).Message);
        Assert.Equal(TimeSpan.FromSeconds(10), f.Now - since);
    }

    [Fact]
    public async Task An_exchange_that_cannot_be_reached_and_an_endless_answer_are_failures_too()
    {
        await using var f = new ProviderFixture(o => o.MaxRestAnswerBytes = 65536);
        f.Exchange.Rest = _ => throw new HttpRequestException("no route");
        Assert.Equal("the exchange cannot be reached over REST", (await FailsAsync(f)).Message);

        f.Exchange.Rest = _ => ScriptedExchange.Json("[" + new string(' ', 1_000_000) + "]");
        Assert.False((await FailsAsync(f)).IsRefusal);
    }

    [Fact]
    public async Task A_body_that_cannot_be_decompressed_is_a_failure_like_any_other()
    {
        await using var f = new ProviderFixture();
        f.Exchange.Rest = _ => ScriptedExchange.SpoiledGzip();

        Assert.Equal("the exchange's answer over REST cannot be read", (await FailsAsync(f)).Message);
    }

    [Theory]
    [InlineData(1, 366)]
    [InlineData(9999, 0)]
    public async Task A_date_that_no_exchange_can_have_is_none(int year, int ageDays)
    {
        await using var f = new ProviderFixture();
        f.Exchange.Rest = _ => ScriptedExchange.Json("[[60000,1,1,1,1,1],[120000,2,2,2,2,1]]");
        f.Exchange.RestDate = new DateTimeOffset(year, 12, 31, 23, 59, 59, TimeSpan.Zero);
        f.Exchange.RestAge = TimeSpan.FromDays(ageDays);

        Assert.Equal(120_000, (await FetchAsync(f)).AsOf);
    }

    [Fact]
    public async Task A_caller_who_gives_up_is_told_so()
    {
        await using var f = new ProviderFixture();
        f.Exchange.RestDelay = new TaskCompletionSource().Task;
        using var cancel = new CancellationTokenSource();
        var call = f.Provider.FetchAsync(ProviderFixture.Series(), Range, FetchPurpose.Repair, cancel.Token);
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }

    [Fact]
    public async Task Symbols_are_the_exchange_pairs_and_the_perpetuals()
    {
        await using var f = new ProviderFixture();
        f.Exchange.Rest = _ => ScriptedExchange.Json("""[["ETHUSD","BTCUSD","DUSK:USD","bad one",null],["BTCF0:USTF0","BTCUSD"]]""");

        var listing = await f.Provider.FetchSymbolsAsync(TestContext.Current.CancellationToken);
        Assert.Equal(["BTCF0:USTF0", "BTCUSD", "DUSK:USD", "ETHUSD"], listing.Symbols);
        Assert.True(listing.IsWhole);
        Assert.Equal("/v2/conf/pub:list:pair:exchange,pub:list:pair:futures", f.Exchange.RestCalls.Single().Path);

        f.Exchange.Rest = _ => ScriptedExchange.Json("""["error",20060,"maintenance"]""");
        await Assert.ThrowsAsync<CandleProviderException>(() => f.Provider.FetchSymbolsAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("""[[],["BTCF0:USTF0"]]""")]
    [InlineData("""[["bad one",null,5],["BTCF0:USTF0"]]""")]
    [InlineData("""[{"a":["BTCUSD"]},["BTCF0:USTF0"]]""")]
    [InlineData("""[null,["BTCF0:USTF0"]]""")]
    [InlineData("""["error",["BTCF0:USTF0"]]""")]
    [InlineData("""[["BTCF0:USTF0"]]""")]
    public async Task A_list_of_symbols_that_is_empty_missing_or_no_list_makes_the_answer_half_a_one(string body)
    {
        await using var f = new ProviderFixture();
        f.Exchange.Rest = _ => ScriptedExchange.Json(body);

        var listing = await f.Provider.FetchSymbolsAsync(TestContext.Current.CancellationToken);

        Assert.Equal(["BTCF0:USTF0"], listing.Symbols);
        Assert.False(listing.IsWhole);
    }

    [Fact]
    public async Task A_limit_that_the_exchange_refuses_is_halved_until_it_accepts_and_remembered()
    {
        var log = new KeptLog<BitfinexWebSocketCandleProvider>();
        await using var f = new ProviderFixture(log: log);
        f.Exchange.Rest = path =>
        {
            var limit = int.Parse(System.Text.RegularExpressions.Regex.Match(path, "limit=([0-9]+)").Groups[1].Value,
                System.Globalization.CultureInfo.InvariantCulture);
            return limit > 2
                ? ScriptedExchange.Json("[\"error\",10020,\"limit: invalid\"]", HttpStatusCode.InternalServerError)
                : ScriptedExchange.Json("[[60000,1,1,1,1,1],[120000,1,1,1,1,1]]");
        };

        var fetching = FetchAsync(f);
        await f.Until(() => fetching.IsCompleted);
        var page = await fetching;
        Assert.Equal(new TimeRange(60_000, 180_000), page.Range);

        var calls = f.Exchange.RestCalls.Count;
        await FetchAsync(f);
        Assert.Equal(calls + 1, f.Exchange.RestCalls.Count);
        Assert.Contains("limit=2&", f.Exchange.RestCalls.Last().Path, StringComparison.Ordinal);
        Assert.Single(log.Lines, l => l.Contains("at most 2 candles", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Polls_keep_to_a_limit_that_was_lowered_too()
    {
        await using var f = new ProviderFixture();
        f.Exchange.RefusesConnects = () => new UpgradeRefusedException(HttpStatusCode.TooManyRequests);
        f.Exchange.Rest = path => path.Contains("limit=100&", StringComparison.Ordinal)
            ? ScriptedExchange.Json("[\"error\",10020,\"limit: invalid\"]", HttpStatusCode.InternalServerError)
            : ScriptedExchange.Json("[[60000,1,1,1,1,1]]");
        var btc = new RecordingFeed();
        f.Provider.Follow(ProviderFixture.Series(), btc);

        await f.Until(() => btc.Polls.Length == 2);

        Assert.Equal(["100", "50", "50"], f.Exchange.RestCalls.Select(c => c.Path.Split("limit=")[1].Split('&')[0]));
        Assert.Equal(SeriesState.Polling, btc.State);
    }

    [Fact]
    public async Task A_limit_of_one_that_is_refused_is_an_error_and_no_unknown_symbol()
    {
        await using var f = new ProviderFixture();
        f.Exchange.Rest = _ => ScriptedExchange.Json("[\"error\",10020,\"limit: invalid\"]", HttpStatusCode.InternalServerError);

        var failing = FailsAsync(f);
        await f.Until(() => failing.IsCompleted);

        Assert.False((await failing).IsRefusal);
    }
}
