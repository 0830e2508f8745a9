using System.Text;
using CandleStream.Exchanges;
using CandleStream.Exchanges.Bitfinex;

namespace CandleStream.Tests.Bitfinex;

public class BitfinexFrameParserTests
{
    private const ConfFlags Both = ConfFlags.Timestamp | ConfFlags.SequenceAll;
    private readonly List<Candle> _snapshot = [];
    private readonly List<UnreadableRow> _unreadable = [];

    private BitfinexFrame Parse(string text, ConfFlags flags = ConfFlags.None) =>
        BitfinexFrameParser.Parse(Encoding.UTF8.GetBytes(text), flags, _snapshot, _unreadable);

    [Fact]
    public void An_update_gives_the_candle_with_close_before_high_and_low()
    {
        var frame = Parse("[343351,[1574698200000,7399.9,7379.7,7399.9,7371.8,41.63633658]]");

        Assert.Equal(FrameKind.Update, frame.Kind);
        Assert.Equal(343351, frame.ChannelId);
        Assert.Equal(
            new Candle(1574698200000, Open: 7399.9m, High: 7399.9m, Low: 7371.8m, Close: 7379.7m, Volume: 41.63633658m), frame.Candle);
    }

    [Theory]
    [InlineData("26.632299999999997", "26.632299999999997")]
    [InlineData("3.1e-7", "0.00000031")]
    [InlineData("1E+2", "100")]
    [InlineData("0.0000000000000000000031", "0.0000000000000000000031")]
    [InlineData("24", "24")]
    public void Numbers_keep_every_digit(string text, string exact)
    {
        var candle = Parse($"[1,[60000,1,1,1,1,{text}]]").Candle;

        Assert.Equal(decimal.Parse(exact, System.Globalization.CultureInfo.InvariantCulture), candle.Volume);
        Assert.Equal(exact, candle.Volume.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public void A_snapshot_gives_its_candles_in_the_order_sent()
    {
        var frame = Parse("[5,[[120000,2,2,2,2,1],[60000,1,1,1,1,1]],1,1574698260123]", Both);

        Assert.Equal((FrameKind.Snapshot, 1L, 1574698260123L), (frame.Kind, frame.Sequence, frame.ExchangeTime));
        Assert.Equal([120000, 60000], _snapshot.Select(c => c.Time));
    }

    [Fact]
    public void An_empty_array_is_an_empty_snapshot()
    {
        Assert.Equal(FrameKind.Snapshot, Parse("[5,[]]").Kind);
        Assert.Empty(_snapshot);
    }

    [Fact]
    public void The_candles_of_one_frame_are_gone_with_the_next()
    {
        Parse("[5,[[60000,1,1,1,1,1]]]");
        Parse("[5,\"hb\"]");

        Assert.Empty(_snapshot);
    }

    [Theory]
    [InlineData("[5,\"hb\"]", 0, null, null)]
    [InlineData("[5,\"hb\",8]", 65536, 8L, null)]
    [InlineData("[5,\"hb\",1511545528111]", 32768, null, 1511545528111L)]
    [InlineData("[5,\"hb\",8,1511545528111]", 98304, 8L, 1511545528111L)]
    [InlineData("[5,\"hb\",8,1511545528111,null,{\"new\":[1]}]", 98304, 8L, 1511545528111L)]
    [InlineData("[5,\"hb\",8,1.511545528111e12]", 98304, 8L, 1511545528111L)]
    [InlineData("[5,\"hb\",null,\"later\"]", 98304, null, null)]
    [InlineData("[5,\"hb\"]", 98304, null, null)]
    public void The_flags_decide_what_stands_behind_the_payload(string text, int flags, long? sequence, long? time)
    {
        var frame = Parse(text, (ConfFlags)flags);

        Assert.Equal((FrameKind.Heartbeat, 5), (frame.Kind, frame.ChannelId));
        Assert.Equal((sequence, time), (frame.Sequence, frame.ExchangeTime));
    }

    [Fact]
    public void Elements_that_the_exchange_may_add_one_day_are_skipped()
    {
        Assert.Equal(FrameKind.Update, Parse("[5,[60000,1,2,3,0.5,9,null,\"x\",[1,[2]],{\"a\":1}],7]", ConfFlags.SequenceAll).Kind);
        Assert.Equal(FrameKind.Snapshot, Parse("[5,[[60000,1,2,3,0.5,9,null],[1,1,1,1,1,1,1]]]").Kind);
        Assert.Equal(2, _snapshot.Count);
    }

    [Fact]
    public void Events_are_recognised_with_their_fields_in_any_order()
    {
        var greeting =
            Parse("""{"platform":{"x":[1],"status":1},"event":"info","version":2,"serverId":"f9b8d150","simulator":"CandleStream"}""");
        Assert.Equal(FrameKind.Info, greeting.Kind);
        Assert.Equal((2, 1, true), (greeting.Event!.Version, greeting.Event.PlatformStatus, greeting.Event.IsSimulator));

        var ack = Parse("""{"event":"subscribed","channel":"candles","chanId":343351,"key":"trade:1m:tDUSK:USD"}""");
        Assert.Equal(FrameKind.Subscribed, ack.Kind);
        Assert.Equal((343351, "trade:1m:tDUSK:USD"), (ack.Event!.ChannelId, ack.Event.Key));

        Assert.Equal(FrameKind.Unsubscribed, Parse("""{"event":"unsubscribed","status":"OK","chanId":"343351"}""").Kind);
        Assert.Equal(20051, Parse("""{"event":"info","code":20051,"msg":"Stopping"}""").Event!.Code);
        Assert.Equal(98304, Parse("""{"event":"conf","status":"OK","flags":98304}""").Event!.Flags);
        Assert.Equal(FrameKind.Pong, Parse("""{"event":"pong","ts":1511545528111,"cid":1234}""").Kind);
        Assert.Equal(10300, Parse("""{"event":"error","msg":"symbol: invalid","code":10300,"key":"trade:1m:tX"}""").Event!.Code);
        Assert.Equal(FrameKind.Unknown, Parse("""{"event":"a new one"}""").Kind);
        Assert.Equal(FrameKind.Unknown, Parse("{}").Kind);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("5")]
    [InlineData("null")]
    [InlineData("[")]
    [InlineData("[]")]
    [InlineData("[5]")]
    [InlineData("[5,[60000,1,2,3,0.5,9]")]
    [InlineData("[5,[60000,1,2,3,0.5,9]]]")]
    [InlineData("[5,[60000,1,2,3,0.5,9]][5,\"hb\"]")]
    [InlineData("[99999999999,\"hb\"]")]
    [InlineData("[1.5,\"hb\"]")]
    [InlineData("[\"5\",\"hb\"]")]
    [InlineData("[5,\"\\ud800\"")]
    [InlineData("{\"event\":\"subscribed\",\"key\":\"trade:1m:tBTCUSD\"}")]
    [InlineData("{\"event\":\"subscribed\",\"chanId\":0}")]
    [InlineData("{\"event\":\"info\"}")]
    [InlineData("{\"event\":[]}")]
    [InlineData("{\"event\":\"info\",\"version\":2")]
    [InlineData("NaN")]
    public void What_is_broken_is_malformed(string text)
    {
        Assert.Equal(FrameKind.Malformed, Parse(text, Both).Kind);
        Assert.Empty(_snapshot);
        Assert.Empty(_unreadable);
    }

    [Theory]
    [InlineData("[60000,1,2,3,0.5]", 60000L)]
    [InlineData("[60000]", 60000L)]
    [InlineData("[60000,1,2,3,null,9]", 60000L)]
    [InlineData("[60000,1,2,3,\"0.5\",9]", 60000L)]
    [InlineData("[60000,1,2,3,0.5,1e40]", 60000L)]
    [InlineData("[60000,1,2,[3,[4]],{\"x\":[1]},9,10]", 60000L)]
    [InlineData("[60000.5,1,2,3,0.5,9]", null)]
    [InlineData("[-60000,1,2,3,0.5,9]", null)]
    [InlineData("[9e99,1,2,3,0.5,9]", null)]
    [InlineData("[null,1,2,3,0.5,9]", null)]
    [InlineData("[null]", null)]
    [InlineData("[\"60000\",1,2,3,0.5,9]", null)]
    [InlineData("[{\"a\":[1]},1]", null)]
    public void A_candle_that_cannot_be_read_is_known_by_its_channel_its_number_and_its_time_where_that_can_be_read(
        string payload, long? time)
    {
        var frame = Parse($"[5,{payload},7,1574698260123]", Both);

        Assert.Equal((FrameKind.Unreadable, 5, 7L, 1574698260123L), (frame.Kind, frame.ChannelId, frame.Sequence, frame.ExchangeTime));
        Assert.Equal([new UnreadableRow(time, 0)], _unreadable);
        Assert.Empty(_snapshot);
    }

    [Theory]
    [InlineData("[null,[60000,1,2,3,0.5,9]]", null, 0)]
    [InlineData("[[60000,1,2,3,0.5,9],5]", null, 1)]
    [InlineData("[[60000,1,2,3,0.5,9],{\"x\":[[]]}]", null, 1)]
    [InlineData("[[120000,null,null,null,null,0],[60000,1,2,3,0.5,9]]", 120000L, 0)]
    [InlineData("[[60000,1,2,3,0.5,9],[30000]]", 30000L, 1)]
    [InlineData("[[60000,1,2,3,0.5,9],[]]", null, 1)]
    public void One_bad_row_of_a_snapshot_costs_that_row(string payload, long? time, int at)
    {
        var frame = Parse($"[5,{payload},7,1574698260123]", Both);

        Assert.Equal((FrameKind.Snapshot, 7L, 1574698260123L), (frame.Kind, frame.Sequence, frame.ExchangeTime));
        Assert.Equal([60000], _snapshot.Select(c => c.Time));
        Assert.Equal([new UnreadableRow(time, at)], _unreadable);
    }

    [Theory]
    [InlineData("[5,[60000,NaN,1,1,1,1],7,1574698260123]", 5, null)]
    [InlineData("[5,[60000,1,1", 5, null)]
    [InlineData("[5,\"hb\",7", 5, null)]
    [InlineData("[5,\"hb\",7,15746", 5, null)]
    [InlineData("[5,\"hb\",7,1574698260123]]", 5, 7L)]
    [InlineData("[5", 0, null)]
    [InlineData("[[,5,\"hb\",7,1574698260123]", 0, null)]
    public void Of_a_frame_that_breaks_off_counts_what_was_read_whole(string text, int channel, long? sequence)
    {
        var frame = Parse(text, Both);

        Assert.Equal((FrameKind.Malformed, channel, sequence), (frame.Kind, frame.ChannelId, frame.Sequence));
    }

    [Fact]
    public void A_row_without_a_time_lies_between_its_neighbours()
    {
        List<Candle> candles = [new(240000, 1, 1, 1, 1, 1), new(120000, 1, 1, 1, 1, 1)];
        var minute = Timeframe.Parse("1m");

        Assert.Equal(new TimeRange(120000, 300000), new UnreadableRow(null, 1).TimesAmong(candles, minute, 400000));
        Assert.Equal(new TimeRange(240000, 420000), new UnreadableRow(null, 0).TimesAmong(candles, minute, 400000));
        Assert.Null(new UnreadableRow(null, 0).TimesAmong(candles, minute, null));
        Assert.Null(new UnreadableRow(null, 2).TimesAmong(candles, minute, 400000));
        Assert.Null(new UnreadableRow(null, 0).TimesAmong([], minute, 400000));
        Assert.Equal(new TimeRange(60000, 120000), new UnreadableRow(60001, 2).TimesAmong(candles, minute, 400000));
    }

    [Fact]
    public void Nesting_without_end_and_bytes_that_are_no_text_are_malformed()
    {
        Assert.Equal(FrameKind.Malformed, Parse(new string('[', 100_000)).Kind);
        Assert.Equal(FrameKind.Malformed, Parse("[5," + new string('[', 100_000) + new string(']', 100_000) + "]").Kind);
        Assert.Equal(FrameKind.Malformed, BitfinexFrameParser.Parse([0xff, 0xfe, 0x00], Both, _snapshot, _unreadable).Kind);
        Assert.Equal(FrameKind.Malformed, BitfinexFrameParser.Parse("{\"event\":\"info\",\"msg\":\"\xff\",\"code\":1}"u8.ToArray()
            .Select(b => b == 0xc3 ? (byte)0xff : b).ToArray(), Both, _snapshot, _unreadable).Kind);
    }

    [Fact]
    public void An_update_and_a_heartbeat_cost_no_allocation()
    {
        var update = "[343351,[1574698200000,7399.9,7379.785503,7399.9,7371.8,3.1e-7],7,1790134414850]"u8.ToArray();
        var heartbeat = "[343351,\"hb\",8,1790134414850]"u8.ToArray();
        for (var i = 0; i < 100; i++) ParseBoth();

        // The runtime may allocate on this thread on its own account, when it compiles the code anew; it does so in few of the rounds. What
        // the parser needs it needs in each.
        Assert.Equal(0, Enumerable.Range(0, 10).Min(_ => AllocatedByRound()));

        long AllocatedByRound()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1_000; i++) ParseBoth();
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        void ParseBoth()
        {
            if (BitfinexFrameParser.Parse(update, Both, _snapshot, _unreadable).Kind != FrameKind.Update
                || BitfinexFrameParser.Parse(heartbeat, Both, _snapshot, _unreadable).Kind != FrameKind.Heartbeat)
                throw new InvalidOperationException();
        }
    }

    [Fact]
    public void Recorded_sessions_pass_without_a_malformed_candle_frame()
    {
        var kinds = new Dictionary<FrameKind, int>();
        long? last = null;
        foreach (var line in RecordedData.Lines("ws-multichannel-20210417.tsv.gz").Select(l => l.Split('\t')).Where(f => f[0] == "in"))
        {
            var frame = Parse(line[2], ConfFlags.SequenceAll);
            kinds[frame.Kind] = kinds.GetValueOrDefault(frame.Kind) + 1;
            if (frame.Sequence is { } sequence) last = sequence;
        }

        // 21 channels are acknowledged, heartbeats come for numbers not yet acknowledged, and every heartbeat carries its number.
        Assert.Equal(21, kinds[FrameKind.Subscribed]);
        Assert.True(kinds[FrameKind.Heartbeat] > 0);
        Assert.Equal(1670, last);

        var greetings = RecordedData.Lines("ws-trades-tBTCUSD-20181112.ndjson.gz").Select(l => Parse(l))
            .Count(f => f is { Kind: FrameKind.Info, Event.Version: 2 });
        Assert.Equal(2, greetings);
    }

    [Fact]
    public void The_recorded_snapshot_is_read_to_the_last_digit()
    {
        var text = string.Concat(RecordedData.Lines("snapshot-tBTCUSD-1m-20180810.json"));
        var frame = Parse($"[7,{text}]");

        Assert.Equal(FrameKind.Snapshot, frame.Kind);
        Assert.Equal(1000, _snapshot.Count);
        Assert.Equal(new Candle(1533919680000, 6373m, 6375.9m, 6369.2m, 6374.5m, 38.58293517m), _snapshot[0]);
        Assert.All(_snapshot, c => Assert.True(c.IsConsistent));
    }
}
