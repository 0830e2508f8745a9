using CandleStream.Providers;
using CandleStream.Simulator.Faults;
using CandleStream.Tests.Bitfinex;

namespace CandleStream.Tests.Binance;

/// <summary>The provider against the simulated Binance, in virtual time.</summary>
[Collection(nameof(VirtualTime))]
public sealed class BinanceProviderTests
{
    private const string Btc = "trade:1m:tBTCUSD";
    private const string Neo = "trade:1m:tNEOUSD";

    [Fact]
    public async Task A_series_begins_with_the_history_that_is_fetched_after_the_acknowledgement()
    {
        await using var f = await BinanceFixture.StartAsync();

        var (feed, _) = await f.FollowLiveAsync();

        Assert.Equal(["snapshot", "Live"], feed.Events);
        Assert.Equal(240, feed.LastSnapshot.Count);
        Assert.Equal(f.NowMs / 60_000 * 60_000, feed.LastSnapshot[^1].Time);
        Assert.All(feed.LastSnapshot, c => Assert.NotNull(c.Figures.QuoteVolume));
    }

    [Fact]
    public async Task Candles_that_come_before_the_history_wait_for_it()
    {
        await using var f = await BinanceFixture.StartAsync();
        f.Strike(FaultKind.RestSlow, fault => fault with { Count = 1, DelayMs = 8_000 });

        var (feed, _) = await f.FollowLiveAsync();

        // Traded while the history was on its way.
        Assert.Contains("candle", feed.Events);
        Assert.Equal("snapshot", feed.Events[0]);
    }

    [Fact]
    public async Task Candles_are_pushed_and_closed_by_the_exchange_and_are_those_of_the_market()
    {
        await using var f = await BinanceFixture.StartAsync();
        var (feed, _) = await f.FollowLiveAsync();
        var began = f.NowMs / 60_000 * 60_000;

        await f.Pass(TimeSpan.FromMinutes(10));

        var closed = feed.Candles.Where(c => c.Closed).ToList();
        Assert.Equal(f.Truth(Btc, began).Select(c => (c.Time, c.Open, c.High, c.Low, c.Close, c.Volume)),
            closed.Select(c => (c.Time, c.Open, c.High, c.Low, c.Close, c.Volume)));
        Assert.DoesNotContain("interrupted", feed.Events);
        Assert.Empty(feed.Unreadable);
        Assert.False(feed.OverlappingCalls);
    }

    [Fact]
    public async Task An_interval_without_a_trade_is_shown_to_be_empty_and_is_no_candle()
    {
        await using var f = await BinanceFixture.StartAsync();
        var (feed, _) = await f.FollowLiveAsync("NEOUSDT");
        var began = f.NowMs / 60_000 * 60_000;

        await f.Pass(TimeSpan.FromMinutes(30));

        var traded = f.Truth(Neo, began).Count;
        Assert.InRange(traded, 1, 25);
        Assert.Equal(traded, feed.Candles.Where(c => c.Closed).Select(c => c.Time).Distinct().Count());
        Assert.Equal(30 - traded, feed.Events.Count(e => e == "empty"));
        Assert.All(feed.LastSnapshot, c => Assert.NotEqual(0, c.Figures.Trades));
        Assert.Empty(feed.Unreadable);
    }

    [Fact]
    public async Task A_candle_whose_end_is_lost_is_named_and_the_feed_goes_on()
    {
        await using var f = await BinanceFixture.StartAsync();
        var (feed, _) = await f.FollowLiveAsync();
        await f.Pass(TimeSpan.FromSeconds(45));
        var lost = f.NowMs / 60_000 * 60_000;

        f.Strike(FaultKind.Drop, fault => fault with { ForMs = 8000 });
        await f.Pass(TimeSpan.FromSeconds(20));

        Assert.Contains(feed.Unreadable, r => r is { } range && range.Contains(lost));
        Assert.Equal(SeriesState.Live, feed.State);
        Assert.DoesNotContain("interrupted", feed.Events);
    }

    [Fact]
    public async Task A_mark_that_comes_before_the_end_by_the_exchanges_own_time_closes_nothing()
    {
        await using var f = await BinanceFixture.StartAsync();
        var (feed, _) = await f.FollowLiveAsync();
        var open = f.NowMs / 60_000 * 60_000;

        f.Exchange.SendRaw(
            $$$"""{"stream":"btcusdt@kline_1m","data":{"e":"kline","E":{{{f.NowMs}}},"s":"BTCUSDT","k":{"t":{{{open}}},"T":{{{open + 59_999}}},"s":"BTCUSDT","i":"1m","f":1000000000,"L":2000000000,"o":"1","c":"1","h":"1","l":"1","v":"1","n":1000000001,"x":true,"q":"1","V":"1","Q":"1","B":"0"} } }""");
        await f.Until(() => feed.Candles.Length > 0);

        Assert.False(feed.Candles[^1].Closed);
    }

    [Fact]
    public async Task A_socket_is_renewed_before_the_exchange_ends_it_and_nothing_is_missed()
    {
        await using var f = await BinanceFixture.StartAsync(
            o => o.SocketLifetime = TimeSpan.FromMinutes(20), o => o with { SocketLifetime = TimeSpan.FromMinutes(21) });
        var (feed, _) = await f.FollowLiveAsync();
        var began = f.NowMs / 60_000 * 60_000;

        await f.Pass(TimeSpan.FromMinutes(TestSize.Of(90, 24 * 60)));

        Assert.InRange(f.Exchange.Connections.Connects.Count, TestSize.Of(4, 70), int.MaxValue);
        Assert.Equal("Live", feed.Path);
        Assert.DoesNotContain("interrupted", feed.Events);
        Assert.Empty(feed.Unreadable);
        var closed = feed.Candles.Where(c => c.Closed).DistinctBy(c => c.Time).ToDictionary(c => c.Time);
        Assert.All(f.Truth(Btc, began), c => Assert.Equal((c.Close, c.Volume), (closed[c.Time].Close, closed[c.Time].Volume)));
        Assert.Single(f.Exchange.Subscriptions);
    }

    [Fact]
    public async Task Where_the_exchange_announces_its_end_the_series_moves_before_it()
    {
        await using var f = await BinanceFixture.StartAsync();
        var (feed, _) = await f.FollowLiveAsync();
        var (other, _) = await f.FollowLiveAsync("ETHUSDT");

        f.Strike(FaultKind.Restart, fault => fault with { DelayMs = 10_000 });
        await f.Pass(TimeSpan.FromMinutes(2));

        Assert.Equal(2, f.Exchange.Connections.Connects.Count);
        Assert.All([feed, other], moved =>
        {
            Assert.Equal("Live", moved.Path);
            Assert.DoesNotContain("interrupted", moved.Events);
            Assert.Equal(2, moved.Events.Count(e => e == "snapshot"));
        });
    }

    [Fact]
    public async Task A_socket_that_ends_before_its_successor_is_there_is_a_loss_like_any_other()
    {
        await using var f = await BinanceFixture.StartAsync();
        var (feed, _) = await f.FollowLiveAsync();

        f.Strike(FaultKind.Unreachable, fault => fault with { ForMs = 20_000 });
        f.Strike(FaultKind.Restart, fault => fault with { DelayMs = 1000 });
        await f.Until(() => feed.Path.EndsWith("Reconnecting Live", StringComparison.Ordinal));

        Assert.Equal(1, feed.Events.Count(e => e == "interrupted"));
        Assert.Single(f.Exchange.Subscriptions);
    }

    [Fact]
    public async Task Many_series_are_asked_for_in_few_messages_and_given_up_again()
    {
        await using var f = await BinanceFixture.StartAsync(
            simulate: o => o with { Symbols = [.. Enumerable.Range(0, 250).Select(i => $"S{i:000}USD")] });
        var series = Enumerable.Range(0, 250)
            .Select(i => (Feed: new RecordingFeed(), Key: BinanceFixture.Series($"S{i:000}USDT"))).ToList();

        var followed = series.ConvertAll(s => f.Provider.Follow(s.Key, s.Feed));
        await f.Until(() => series.TrueForAll(s => s.Feed.State == SeriesState.Live), TimeSpan.FromMinutes(2));

        // Both sockets are opened at once: which of them the exchange meets first is not ours to say.
        Assert.Equal([50, 200], f.Exchange.Subscriptions.Select(c => c.Channels.Count).Order());
        // A socket that is sent more than five messages a second is ended by the exchange.
        Assert.All(series, s => Assert.Equal("Live", s.Feed.Path));
        Assert.True(f.Exchange.RestCalls.Total <= 600);

        await Task.WhenAll(followed.Select(x => x.DisposeAsync().AsTask()));
        await f.Until(() => f.Exchange.Subscriptions.Count == 0, TimeSpan.FromMinutes(1));
        Assert.Equal(2, f.Exchange.Connections.Connects.Count);
    }

    [Fact]
    public async Task A_symbol_that_the_exchange_does_not_know_is_refused()
    {
        await using var f = await BinanceFixture.StartAsync();
        var feed = new RecordingFeed();

        f.Provider.Follow(BinanceFixture.Series("NOSUCH"), feed);
        await f.Until(() => feed.State == SeriesState.Down);

        Assert.Contains("-1121", feed.States[^1].Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("snapshot", feed.Events);
    }

    [Fact]
    public async Task A_socket_that_is_silent_for_a_minute_is_dead()
    {
        await using var f = await BinanceFixture.StartAsync();
        var (feed, _) = await f.FollowLiveAsync();

        f.Strike(FaultKind.HalfOpen);
        await f.Pass(TimeSpan.FromSeconds(55));
        Assert.Equal("Live", feed.Path);
        await f.Until(() => feed.Path == "Live Reconnecting Live", TimeSpan.FromSeconds(20));

        Assert.Contains("no frame for 60 s", feed.States[1].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_quiet_symbol_keeps_its_socket_by_our_own_asking()
    {
        await using var f = await BinanceFixture.StartAsync();
        var (feed, _) = await f.FollowLiveAsync("NEOUSDT", "1M");

        await f.Pass(TimeSpan.FromHours(2));

        Assert.Equal("Live", feed.Path);
        Assert.Single(f.Exchange.Connections.Connects);
    }

    [Theory(Timeout = 60_000)]
    [InlineData(FaultKind.Rest418, 300, 300)]
    [InlineData(FaultKind.Rest418, null, 120)]
    [InlineData(FaultKind.Rest429, 30, 30)]
    public async Task A_ban_ends_all_calls_until_it_is_over_and_live_series_stay_live(object kind, int? told, int seconds)
    {
        await using var f = await BinanceFixture.StartAsync();
        var (feed, _) = await f.FollowLiveAsync();
        var ban = f.Now;
        f.Strike((FaultKind)kind, fault => fault with { Count = 1, RetryAfter = told });
        await Assert.ThrowsAsync<CandleProviderException>(() => FetchAsync(f));
        var calls = f.Exchange.RestCalls.Total;

        await f.Pass(TimeSpan.FromSeconds(seconds - 2));
        var refusal = await Assert.ThrowsAsync<CandleProviderException>(() => FetchAsync(f));
        Assert.Contains($"until {ban.AddSeconds(seconds):HH:mm:ss} UTC", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(calls, f.Exchange.RestCalls.Total);
        Assert.Equal("Live", feed.Path);

        await f.Pass(TimeSpan.FromSeconds(3));
        Assert.NotEmpty((await FetchAsync(f)).Candles);
    }

    [Fact]
    public async Task While_we_are_banned_a_new_series_is_followed_without_history()
    {
        await using var f = await BinanceFixture.StartAsync();
        f.Strike(FaultKind.Rest418, fault => fault with { Count = 1 });

        var (feed, _) = await f.FollowLiveAsync();
        await f.Pass(TimeSpan.FromSeconds(30));

        Assert.Empty(feed.LastSnapshot);
        Assert.NotEmpty(feed.Candles);
        Assert.Equal("Live", feed.Path);
    }

    [Fact]
    public async Task Where_most_of_the_weight_is_used_calls_wait_for_the_next_minute()
    {
        await using var f = await BinanceFixture.StartAsync(simulate: o => o with { WeightLimit = 50 });
        await f.Provider.FetchSymbolsAsync(TestContext.Current.CancellationToken);

        var fetches = Enumerable.Range(0, 30).Select(_ => FetchAsync(f)).ToList();
        await f.Until(() => fetches.TrueForAll(t => t.IsCompleted));

        Assert.All(f.Exchange.RestCalls.Calls, c => Assert.Equal(200, c.Status));
    }

    [Fact]
    public async Task Flat_rows_prove_that_nothing_was_traded_and_are_no_candles()
    {
        await using var f = await BinanceFixture.StartAsync();
        var range = new TimeRange(f.NowMs / 60_000 * 60_000 - 6_000_000, f.NowMs / 60_000 * 60_000);

        var page = await f.Provider.FetchAsync(
            BinanceFixture.Series("NEOUSDT"), range, FetchPurpose.History, TestContext.Current.CancellationToken);

        Assert.Equal(range, page.Range);
        Assert.Equal(f.Exchange.Ledger(Neo, range.From, range.To - 1).Select(c => c.Time), page.Candles.Select(c => c.Time));
        Assert.InRange(page.Candles.Count, 1, 60);
    }

    [Fact]
    public async Task A_page_that_is_cut_short_proves_no_more_than_its_rows()
    {
        await using var f = await BinanceFixture.StartAsync();
        var from = f.NowMs / 60_000 * 60_000 - 6_000_000;
        f.Strike(FaultKind.RestCapped, fault => fault with { Limit = 7 });

        var page = await f.Provider.FetchAsync(
            BinanceFixture.Series("NEOUSDT"), new TimeRange(from, from + 6_000_000), FetchPurpose.History,
            TestContext.Current.CancellationToken);

        Assert.Equal(new TimeRange(from, from + 7 * 60_000), page.Range);
    }

    [Fact]
    public async Task Five_failed_attempts_turn_to_polling_and_back()
    {
        await using var f = await BinanceFixture.StartAsync();
        var (feed, _) = await f.FollowLiveAsync();

        f.Strike(FaultKind.Upgrade429, fault => fault with { ForMs = 180_000 });
        f.Strike(FaultKind.Cut);
        await f.Until(() => feed.State == SeriesState.Polling);
        await f.Until(() => feed.State == SeriesState.Live);

        Assert.NotEmpty(feed.Polls);
        Assert.All(feed.Polls.SelectMany(p => p.Candles), c => Assert.NotEqual(0, c.Figures.Trades));
    }

    private static Task<HistoryPage> FetchAsync(BinanceFixture f) => f.Provider.FetchAsync(
        BinanceFixture.Series(), new TimeRange(f.NowMs - 600_000, f.NowMs), FetchPurpose.History, TestContext.Current.CancellationToken);
}
