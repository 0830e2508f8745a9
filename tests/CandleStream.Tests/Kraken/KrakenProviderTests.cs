using CandleStream.Providers;
using CandleStream.Simulator.Faults;
using CandleStream.Tests.Bitfinex;

namespace CandleStream.Tests.Kraken;

/// <summary>The provider against the simulated Kraken, in virtual time.</summary>
[Collection(nameof(VirtualTime))]
public sealed class KrakenProviderTests
{
    private const string Btc = "trade:1m:tBTCUSD";
    private const string Neo = "trade:1m:tNEOUSD";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_series_begins_with_the_snapshot_that_follows_the_acknowledgement()
    {
        await using var f = await KrakenFixture.StartAsync();

        var (feed, _) = await f.FollowLiveAsync();

        Assert.Equal(["snapshot", "Live"], feed.Events);
        Assert.Equal(10, feed.LastSnapshot.Count);
        Assert.Equal(f.Exchange.Ledger(Btc, 0, f.NowMs).TakeLast(10).Select(c => (c.Time, c.Close, c.Volume)),
            feed.LastSnapshot.Select(c => (c.Time, c.Close, c.Volume)));
        Assert.All(feed.LastSnapshot, c => Assert.True(c.Figures is { Trades: > 0, QuoteVolume: null }));
        Assert.Equal(f.NowMs, feed.SnapshotTimes[^1]);
        Assert.True(f.Provider.IsSimulated);
    }

    [Fact]
    public async Task Candles_are_pushed_with_each_trade_and_are_those_of_the_market()
    {
        await using var f = await KrakenFixture.StartAsync();
        var (feed, _) = await f.FollowLiveAsync();
        var began = f.NowMs / 60_000 * 60_000;

        await f.Pass(TimeSpan.FromMinutes(10));

        var last = feed.Candles.GroupBy(c => c.Time).ToDictionary(g => g.Key, g => g.Last());
        Assert.All(f.Truth(Btc, began + 60_000), c => Assert.Equal(
            (c.Open, c.High, c.Low, c.Close, c.Volume),
            (last[c.Time].Open, last[c.Time].High, last[c.Time].Low, last[c.Time].Close, last[c.Time].Volume)));
        Assert.DoesNotContain(feed.Candles, c => c.Closed);
        Assert.DoesNotContain("interrupted", feed.Events);
        Assert.Empty(feed.Unreadable);
        Assert.False(feed.OverlappingCalls);
    }

    [Fact]
    public async Task A_quiet_symbol_is_told_the_exchanges_time_all_the_same()
    {
        await using var f = await KrakenFixture.StartAsync();
        var (feed, _) = await f.FollowLiveAsync("NEO/USD", "1W");
        var before = feed.ExchangeTimes.Length;

        await f.Pass(TimeSpan.FromMinutes(5));

        Assert.InRange(feed.ExchangeTimes.Length - before, 50, 100);
        Assert.InRange(f.NowMs - feed.ExchangeTimes[^1], 0, 6000);
        Assert.Equal("Live", feed.Path);
        Assert.Single(f.Exchange.Connections.Connects);
    }

    [Fact]
    public async Task Each_timeframe_of_a_symbol_has_a_socket_of_its_own()
    {
        await using var f = await KrakenFixture.StartAsync();

        var (first, _) = await f.FollowLiveAsync();
        var (second, _) = await f.FollowLiveAsync(timeframe: "5m");
        var (other, _) = await f.FollowLiveAsync("ETH/USD", "5m");

        Assert.All([first, second, other], feed => Assert.Equal("Live", feed.Path));
        Assert.Equal(2, f.Exchange.Subscriptions.Count);
        Assert.Equal(3, f.Exchange.Subscriptions.Sum(c => c.Channels.Count));
    }

    [Fact]
    public async Task A_symbol_that_was_given_up_is_asked_for_again_when_the_exchange_has_confirmed_it()
    {
        await using var f = await KrakenFixture.StartAsync();
        var (_, followed) = await f.FollowLiveAsync();
        var (keeper, _) = await f.FollowLiveAsync("ETH/USD");

        await followed.DisposeAsync();
        var (feed, _) = await f.FollowLiveAsync(timeframe: "5m");

        Assert.Equal("Live", feed.Path);
        Assert.Equal("Live", keeper.Path);
        Assert.Equal(["trade:5m:tBTCUSD", "trade:1m:tETHUSD"],
            f.Exchange.Subscriptions.Single().Channels.Select(c => c.Key).OrderDescending());
    }

    [Fact]
    public async Task A_symbol_whose_end_is_not_confirmed_is_not_asked_for_there()
    {
        await using var f = await KrakenFixture.StartAsync();
        var (_, followed) = await f.FollowLiveAsync();
        f.Strike(FaultKind.AckWithheld, fault => fault with { Count = 1 });
        await followed.DisposeAsync();

        var (feed, _) = await f.FollowLiveAsync(timeframe: "5m");

        // The exchange would refuse it: it still serves the other timeframe.
        Assert.DoesNotContain(feed.States, s => s.Reason?.Contains("Already subscribed", StringComparison.Ordinal) == true);
        Assert.Equal(2, f.Exchange.Connections.Connects.Count);
    }

    [Fact]
    public async Task Many_series_are_asked_for_in_few_messages_and_given_up_again()
    {
        await using var f = await KrakenFixture.StartAsync(
            simulate: o => o with { Symbols = [.. Enumerable.Range(0, 150).Select(i => $"S{i:000}USD")] });
        var series = Enumerable.Range(0, 150).Select(i => (Feed: new RecordingFeed(), Key: KrakenFixture.Series($"S{i:000}/USD"))).ToList();

        var followed = series.ConvertAll(s => f.Provider.Follow(s.Key, s.Feed));
        await f.Until(() => series.TrueForAll(s => s.Feed.State == SeriesState.Live), TimeSpan.FromMinutes(2));

        // Both sockets are opened at once: which of them the exchange meets first is not ours to say.
        Assert.Equal([50, 100], f.Exchange.Subscriptions.Select(c => c.Channels.Count).Order());
        Assert.All(series, s => Assert.Equal("Live", s.Feed.Path));
        Assert.Equal(0, f.Exchange.RestCalls.Total);

        await Task.WhenAll(followed.Select(x => x.DisposeAsync().AsTask()));
        await f.Until(() => f.Exchange.Subscriptions.Count == 0, TimeSpan.FromMinutes(1));
        Assert.Equal(2, f.Exchange.Connections.Connects.Count);
    }

    [Fact]
    public async Task A_symbol_that_the_exchange_does_not_know_is_refused_and_others_in_the_message_are_not()
    {
        await using var f = await KrakenFixture.StartAsync();
        var (known, unknown) = (new RecordingFeed(), new RecordingFeed());

        f.Provider.Follow(KrakenFixture.Series("NOSUCH/USD"), unknown);
        f.Provider.Follow(KrakenFixture.Series(), known);
        await f.Until(() => unknown.State == SeriesState.Down && known.State == SeriesState.Live);

        Assert.Contains("Currency pair not supported NOSUCH/USD", unknown.States[^1].Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("snapshot", unknown.Events);
        Assert.Equal("Live", known.Path);
    }

    [Fact]
    public async Task A_subscription_that_is_not_answered_has_failed()
    {
        await using var f = await KrakenFixture.StartAsync();
        f.Strike(FaultKind.AckWithheld, fault => fault with { Count = 1 });

        var (feed, _) = await f.FollowLiveAsync();

        Assert.Contains("did not answer the subscription", feed.States[0].Reason, StringComparison.Ordinal);
        Assert.Equal(SeriesState.Live, feed.State);
    }

    [Fact]
    public async Task A_symbol_without_candles_is_live_with_none()
    {
        await using var f = await KrakenFixture.StartAsync();
        f.Strike(FaultKind.EmptySnapshot);

        var (feed, _) = await f.FollowLiveAsync();

        Assert.Empty(feed.LastSnapshot);
        await f.Until(() => feed.Candles.Length > 0);
    }

    [Fact]
    public async Task Heartbeats_are_life_and_answers_to_pings_are_not()
    {
        await using var f = await KrakenFixture.StartAsync(simulate: o => o with { KrakenHeartbeat = TimeSpan.FromHours(1) });
        var (feed, _) = await f.FollowLiveAsync("NEO/USD", "1W");

        await f.Until(() => feed.Path == "Live Reconnecting Live", TimeSpan.FromMinutes(20));

        Assert.Contains("no frame for 35 s", feed.States[1].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_socket_that_is_silent_for_35_s_is_dead()
    {
        await using var f = await KrakenFixture.StartAsync();
        var (feed, _) = await f.FollowLiveAsync();

        f.Strike(FaultKind.HalfOpen);
        await f.Pass(TimeSpan.FromSeconds(33));
        Assert.Equal("Live", feed.Path);
        await f.Until(() => feed.Path == "Live Reconnecting Live", TimeSpan.FromSeconds(10));

        Assert.Equal(1, feed.Events.Count(e => e == "interrupted"));
    }

    [Fact]
    public async Task Maintenance_ends_the_socket_and_its_end_brings_it_back()
    {
        await using var f = await KrakenFixture.StartAsync();
        var (feed, _) = await f.FollowLiveAsync();

        f.Strike(FaultKind.Maintenance, fault => fault with { DelayMs = 20_000 });
        await f.Pass(TimeSpan.FromSeconds(19));
        Assert.Equal((SeriesState.Reconnecting, "the exchange is in maintenance"), (feed.State, feed.States[^1].Reason));
        await f.Until(() => feed.State == SeriesState.Live, TimeSpan.FromMinutes(2));

        Assert.Equal(1, feed.Events.Count(e => e == "interrupted"));
    }

    [Fact]
    public async Task An_older_state_of_a_candle_that_comes_late_is_no_news()
    {
        await using var f = await KrakenFixture.StartAsync();
        var (feed, _) = await f.FollowLiveAsync();

        f.Strike(FaultKind.Reorder, fault => fault with { Every = 3 });
        f.Strike(FaultKind.Duplicate, fault => fault with { Every = 5 });
        await f.Pass(TimeSpan.FromMinutes(5));

        Assert.All(feed.Candles.GroupBy(c => c.Time), states =>
            Assert.Equal(states.Select(c => c.Figures.Trades).Order(), states.Select(c => c.Figures.Trades)));
    }

    [Fact]
    public async Task A_row_that_cannot_be_read_is_named_and_the_feed_goes_on()
    {
        await using var f = await KrakenFixture.StartAsync();
        var (feed, _) = await f.FollowLiveAsync();
        var open = f.NowMs / 60_000 * 60_000;

        f.Strike(FaultKind.NullRow, fault => fault with { Count = 1 });
        await f.Until(() => feed.Unreadable.Length > 0);

        Assert.True(feed.Unreadable[0]!.Value.From >= open);
        Assert.Equal("Live", feed.Path);
    }

    [Fact]
    public async Task History_is_fetched_as_far_as_the_exchange_keeps_it()
    {
        await using var f = await KrakenFixture.StartAsync();
        var now = f.NowMs / 60_000 * 60_000;
        var range = new TimeRange(now - 2000 * 60_000, now);

        var page = await f.Provider.FetchAsync(KrakenFixture.Series("NEO/USD"), range, FetchPurpose.History, Cancel);

        Assert.Equal((range, now - 720 * 60_000), (page.Range, page.NothingBefore));
        var kept = f.Exchange.Ledger(Neo, page.NothingBefore, now - 1);
        Assert.Equal(kept.Select(c => (c.Time, c.Close)), page.Candles.Select(c => (c.Time, c.Close)));
        Assert.InRange(page.Candles.Count, 10, 500);
        Assert.True(page.Unreadable.IsEmpty);
    }

    [Fact]
    public async Task A_part_of_history_is_one_call_that_proves_every_minute()
    {
        await using var f = await KrakenFixture.StartAsync();
        var now = f.NowMs / 60_000 * 60_000;
        var range = new TimeRange(now - 100 * 60_000, now - 50 * 60_000);

        var page = await f.Provider.FetchAsync(KrakenFixture.Series("NEO/USD"), range, FetchPurpose.Repair, Cancel);

        Assert.Equal((range, 1L), (page.Range, f.Exchange.RestCalls.Total));
        Assert.Equal(f.Exchange.Ledger(Neo, range.From, range.To - 1).Select(c => c.Time), page.Candles.Select(c => c.Time));
        Assert.True(page.Unreadable.IsEmpty);
    }

    [Fact]
    public async Task A_page_that_is_cut_short_proves_no_more_than_its_rows()
    {
        await using var f = await KrakenFixture.StartAsync();
        var from = f.NowMs / 60_000 * 60_000 - 6_000_000;
        f.Strike(FaultKind.RestCapped, fault => fault with { Limit = 7 });

        var page = await f.Provider.FetchAsync(KrakenFixture.Series(), new TimeRange(from, from + 6_000_000), FetchPurpose.History, Cancel);

        Assert.Equal((new TimeRange(from, from + 7 * 60_000), long.MinValue), (page.Range, page.NothingBefore));
    }

    [Fact]
    public async Task The_list_of_symbols_names_them_as_the_socket_does()
    {
        await using var f = await KrakenFixture.StartAsync(simulate: o => o with { Symbols = ["BTCUSD", "DUSK:USD", "BTCF0:USTF0"] });

        Assert.Equal(["KRAKEN:BTC/USD", "KRAKEN:DUSK/USD"], (await f.Provider.FetchSymbolsAsync(Cancel)).Symbols);
    }

    [Theory]
    [InlineData(FaultKind.Rest429)]
    [InlineData(FaultKind.Rest429As200)]
    public async Task A_ban_ends_all_calls_for_two_minutes_and_live_series_stay_live(object kind)
    {
        await using var f = await KrakenFixture.StartAsync();
        var (feed, _) = await f.FollowLiveAsync();
        var ban = f.Now;
        f.Strike((FaultKind)kind, fault => fault with { Count = 1 });
        await Assert.ThrowsAsync<CandleProviderException>(() => FetchAsync(f));
        var calls = f.Exchange.RestCalls.Total;

        await f.Pass(TimeSpan.FromSeconds(118));
        var refusal = await Assert.ThrowsAsync<CandleProviderException>(() => FetchAsync(f));
        Assert.Contains($"until {ban.AddMinutes(2):HH:mm:ss} UTC", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(calls, f.Exchange.RestCalls.Total);
        Assert.Equal("Live", feed.Path);

        await f.Pass(TimeSpan.FromSeconds(3));
        Assert.NotEmpty((await FetchAsync(f)).Candles);
    }

    [Fact]
    public async Task Where_sockets_are_refused_as_too_many_REST_is_not_asked_either()
    {
        await using var f = await KrakenFixture.StartAsync();
        f.Strike(FaultKind.Upgrade429, fault => fault with { Count = 1 });
        var feed = new RecordingFeed();

        f.Provider.Follow(KrakenFixture.Series(), feed);
        await f.Until(() => feed.State == SeriesState.Down);

        Assert.Contains("the exchange limits our calls until", feed.States[^1].Reason, StringComparison.Ordinal);
        Assert.Equal(0, f.Exchange.RestCalls.Total);
        await f.Until(() => feed.State == SeriesState.Live);
    }

    [Fact]
    public async Task Five_failed_attempts_turn_to_polling_and_back()
    {
        await using var f = await KrakenFixture.StartAsync();
        var (feed, _) = await f.FollowLiveAsync("NEO/USD");

        // Five attempts: the exchange cannot be reached over its socket, and REST answers.
        f.Strike(FaultKind.AckWithheld, fault => fault with { ForMs = 240_000 });
        f.Strike(FaultKind.Cut);
        await f.Until(() => feed.State == SeriesState.Polling);
        await f.Until(() => feed.State == SeriesState.Live);

        Assert.NotEmpty(feed.Polls);
        Assert.All(feed.Polls.SelectMany(p => p.Candles), c => Assert.NotEqual(0, c.Figures.Trades));
        Assert.All(feed.Polls, p => Assert.True(p.Range.To - p.Range.From >= 720 * 60_000));
    }

    private static Task<HistoryPage> FetchAsync(KrakenFixture f) => f.Provider.FetchAsync(
        KrakenFixture.Series(), new TimeRange(f.NowMs - 600_000, f.NowMs), FetchPurpose.History, Cancel);
}
