using System.Text;
using System.Text.Json.Nodes;
using CandleStream.Providers;
using CandleStream.Server.Dialects.Bitfinex;
using CandleStream.Server.Doors;
using CandleStream.Server.Symbols;
using CandleStream.Tests.Support;
using static CandleStream.Tests.Support.Some;

namespace CandleStream.Tests.Dialects;

/// <summary>What a bot's channel sends, and what it keeps to itself, as its feed comes and goes.</summary>
public sealed class BitfinexChannelTests : IAsyncDisposable
{
    private readonly CoreUnderTest _core = new();
    private readonly BitfinexOutbox _outbox = new();
    private readonly BitfinexChannel _channel;
    private readonly CandleDoor _door;

    public BitfinexChannelTests()
    {
        _door = new CandleDoor(_core.Service, _core.History, _core.Joiner, _core.Provider, new NoSymbols());
        _channel = new BitfinexChannel(7, "trade:1m:tBTCUSD", _outbox, _core.Time, bug => throw bug);
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _core.DisposeAsync();
    }

    [Fact]
    public async Task A_snapshot_comes_first_and_again_after_an_interruption_without_what_lies_before_the_hole()
    {
        var feed = await OpenAsync();
        feed.OnState(new FeedState(SeriesState.Live));
        feed.OnSnapshot([Candle(0), Candle(1)], At(1, 1));
        Assert.Equal([At(1), At(0)], await SnapshotAsync());
        feed.OnCandle(Candle(2), At(2, 1), 0);
        Assert.Equal(At(2), await UpdateAsync(c => c == At(2)));
        _channel.Beat();
        Assert.Equal("hb", (string?)(await NextAsync())[1]);

        feed.OnState(new FeedState(SeriesState.Reconnecting));
        feed.OnInterrupted();
        // A silent channel is how the exchange shows that something is wrong.
        _channel.Beat();
        feed.OnState(new FeedState(SeriesState.Live));
        feed.OnSnapshot([Candle(10), Candle(11)], At(11, 1));
        feed.OnCandle(Candle(12), At(12, 1), 0);
        var times = await SnapshotAsync();
        Assert.DoesNotContain(At(2), times);
        Assert.Contains(At(11), times);
    }

    [Fact]
    public async Task A_gap_that_opens_while_the_feed_is_live_is_an_interruption_too()
    {
        var feed = await OpenAsync();
        feed.OnState(new FeedState(SeriesState.Live));
        feed.OnSnapshot([Candle(0), Candle(1)], At(1, 1));
        await SnapshotAsync();
        feed.OnExchangeTime(At(3), At(3));
        feed.OnInterrupted();
        feed.OnSnapshot([Candle(8)], At(8, 1));
        Assert.True(_core.Service.TryFind(BtcMinute, out var hub));
        Assert.NotEmpty(hub.Status.Gaps);
        Assert.Equal([At(8)], await SnapshotAsync());
    }

    [Fact]
    public async Task A_series_without_a_candle_has_no_empty_snapshot()
    {
        var feed = await OpenAsync();
        feed.OnState(new FeedState(SeriesState.Live));
        feed.OnSnapshot([], At(0, 1));
        feed.OnCandle(Candle(1), At(1, 1), 0);
        Assert.Equal([At(1)], await SnapshotAsync());
    }

    [Fact]
    public async Task A_forming_candle_that_waits_gives_its_place_to_the_newer_one_and_a_closed_one_stays()
    {
        _outbox.Add(_channel, Candle(0, close: 101));
        _outbox.Add(_channel, Candle(0, close: 102));
        _outbox.Add(_channel, Candle(0, close: 103) with { Closed = true });
        _outbox.Add(_channel, Candle(0, close: 104) with { Closed = true });
        _outbox.Add(_channel, Candle(1, close: 105));
        var closes = new List<int>();
        for (var i = 0; i < 3; i++) closes.Add((int)(await NextAsync())[1]![2]!);
        Assert.Equal([103, 104, 105], closes);
    }

    [Fact]
    public async Task Numbers_and_times_follow_the_flags_from_their_acknowledgement_on()
    {
        _outbox.Add(_channel, Candle(0));
        _outbox.Add("{}"u8.ToArray(), flags: 98304);
        _outbox.Add(_channel, Candle(1));
        _outbox.Add(_channel, "\"hb\""u8.ToArray());
        Assert.Equal(2, (await NextAsync()).Count);
        Assert.Equal("{}", Encoding.UTF8.GetString((await _outbox.NextAsync(Cancel))!.Value.Span));
        Assert.Equal((4, 1), (await NextAsync()) is var first ? (first.Count, (int)first[2]!) : default);
        Assert.Equal(2, (int)(await NextAsync())[2]!);
    }

    [Fact]
    public async Task A_bot_that_takes_nothing_is_let_go()
    {
        for (var minute = 0; minute < 5000; minute++) _outbox.Add(_channel, Candle(minute) with { Closed = true });
        Assert.Null(await _outbox.NextAsync(Cancel));
    }

    private async Task<IFeedListener> OpenAsync()
    {
        _channel.Open(_door, BtcMinute);
        return await _core.Provider.WhenFollowedAsync(BtcMinute);
    }

    private async Task<JsonArray> NextAsync() => JsonNode.Parse((await _core.InTime(_outbox.NextAsync(Cancel)))!.Value.Span)!.AsArray();

    // Updates of candles that were on their way may stand before it.
    private async Task<List<long>> SnapshotAsync()
    {
        while (true)
        {
            var frame = await NextAsync();
            if (frame[1] is JsonArray { Count: > 0 } rows && rows[0] is JsonArray) return [.. rows.Select(r => (long)r![0]!)];
        }
    }

    private async Task<long> UpdateAsync(Func<long, bool> wanted)
    {
        while (true)
        {
            var frame = await NextAsync();
            if (frame[1] is JsonArray row && row[0] is JsonValue && wanted((long)row[0]!)) return (long)row[0]!;
        }
    }

    private sealed class NoSymbols : ISymbolDirectory
    {
        public IReadOnlyList<string> Symbols => [];

        public SymbolCheck Check(string symbol) => new(SymbolStanding.NotKnownYet, []);
    }
}
