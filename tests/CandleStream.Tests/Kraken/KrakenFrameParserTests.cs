using System.Text;
using System.Text.Json;
using CandleStream.Exchanges;
using CandleStream.Exchanges.Kraken;

namespace CandleStream.Tests.Kraken;

public sealed class KrakenFrameParserTests
{
    // In the form that the exchange sends, with invented numbers.
    private const string Row =
        """{"symbol":"BTC/USD","open":64000.0,"high":64010.5,"low":63990.1,"close":64001.25,"trades":7,"volume":0.00000001,"vwap":64000.2,"interval_begin":"2024-05-02T12:00:00.000000000Z","interval":1,"timestamp":"2024-05-02T12:01:00.000000Z"}""";

    private const string Update =
        $$"""{"channel":"ohlc","type":"update","timestamp":"2024-05-02T12:00:30.123456789Z","data":[{{Row}}]}""";

    private static readonly long Noon = DateTimeOffset.Parse("2024-05-02T12:00Z", System.Globalization.CultureInfo.InvariantCulture)
        .ToUnixTimeMilliseconds();

    private static readonly Candle Told = new(
        Noon, Open: 64000m, High: 64010.5m, Low: 63990.1m, Close: 64001.25m, Volume: 0.00000001m, Figures: new TradeFigures(7));

    private readonly List<KrakenRow> _rows = [];

    [Fact]
    public void A_candle_comes_with_its_trades_its_symbol_its_interval_and_the_time_of_its_frame()
    {
        var message = Encoding.UTF8.GetBytes(Update);

        var frame = KrakenFrameParser.Parse(message, _rows);

        Assert.Equal((FrameKind.Update, Noon + 30_123), (frame.Kind, frame.ExchangeTime));
        var row = Assert.Single(_rows);
        Assert.Equal((Told, 1, Noon, true), (row.Candle, row.Interval, row.OpenTime, row.IsRead));
        Assert.Equal("BTC/USD", Encoding.UTF8.GetString(message[row.Symbol]));
    }

    [Fact]
    public void The_fields_may_stand_in_any_order()
    {
        var frame = Parse(
            $$"""{"data":[{{Row}},{{Row}}],"new":[{"data":[1]}],"type":"snapshot","channel":"ohlc"}""");

        Assert.Equal(FrameKind.Snapshot, frame.Kind);
        Assert.Equal([Told, Told], _rows.Select(r => r.Candle));
    }

    [Theory]
    [InlineData("64010.5", "64010.50000000", "64010.5")]
    [InlineData("64010.5", "1e5", "100000")]
    [InlineData("64010.5", "6.40105E+4", "64010.5")]
    [InlineData("64010.5", "12345678901234567890.12345678", "12345678901234567890.12345678")]
    public void Numbers_keep_every_digit_and_no_zeros_at_the_end(string text, string sent, string exact)
    {
        Parse(Update.Replace(text, sent, StringComparison.Ordinal));

        Assert.Equal(exact, _rows[0].Candle.High.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("\"high\":64010.5", "\"high\":null")]
    [InlineData("\"high\":64010.5", "\"high\":\"64010.5\"")]
    [InlineData("\"high\":64010.5", "\"high\":{\"a\":[1]}")]
    [InlineData("\"high\":64010.5,", "")]
    [InlineData("\"high\":64010.5", "\"high\":1e40")]
    [InlineData("\"trades\":7", "\"trades\":-1")]
    [InlineData("\"trades\":7", "\"trades\":7.5")]
    public void A_row_that_cannot_be_read_is_a_loss_at_its_time(string text, string spoiled)
    {
        var frame = Parse(Update.Replace(text, spoiled, StringComparison.Ordinal));

        Assert.Equal((FrameKind.Update, Noon + 30_123), (frame.Kind, frame.ExchangeTime));
        Assert.Equal((false, Noon, 1), (_rows[0].IsRead, _rows[0].OpenTime, _rows[0].Interval));
        Assert.NotEqual(default, _rows[0].Symbol);
    }

    [Theory]
    [InlineData("\"2024-05-02T12:00:00.000000000Z\"", "null")]
    [InlineData("\"2024-05-02T12:00:00.000000000Z\"", "\"yesterday\"")]
    [InlineData("\"2024-05-02T12:00:00.000000000Z\"", "\"1960-05-02T12:00:00Z\"")]
    [InlineData("\"2024-05-02T12:00:00.000000000Z\"", "1714651200")]
    public void Without_a_possible_time_nothing_is_known_of_when(string text, string spoiled)
    {
        Parse(Update.Replace(text, spoiled, StringComparison.Ordinal));

        Assert.Equal((false, null), (_rows[0].IsRead, _rows[0].OpenTime));
    }

    [Theory]
    [InlineData("""{"method":"subscribe","req_id":3,"result":{"channel":"ohlc","interval":5,"symbol":"A/B"},"success":true}""",
        FrameKind.Subscribed, "A/B", 5L, 3L, null)]
    [InlineData("""{"method":"unsubscribe","result":{"interval":5,"symbol":"A/B"},"success":true}""",
        FrameKind.Unsubscribed, "A/B", 5L, null, null)]
    [InlineData("""{"error":"Currency pair not supported A/B","method":"subscribe","success":false,"symbol":"A/B","req_id":3}""",
        FrameKind.Error, "A/B", null, 3L, "Currency pair not supported A/B")]
    [InlineData("""{"method":"subscribe","success":false,"req_id":3}""", FrameKind.Error, null, null, 3L, null)]
    [InlineData("""{"error":"Malformed request"}""", FrameKind.Error, null, null, null, "Malformed request")]
    [InlineData("""{"channel":"status","data":[{"system":"maintenance"}]}""", FrameKind.Info, null, null, null, "maintenance")]
    [InlineData("""{"channel":"heartbeat"}""", FrameKind.Heartbeat, null, null, null, null)]
    [InlineData("""{"channel":"trade","data":[]}""", FrameKind.Unknown, null, null, null, null)]
    [InlineData("{}", FrameKind.Unknown, null, null, null, null)]
    public void Answers_refusals_status_and_heartbeats_are_told_apart(
        string text, object kind, string? symbol, long? interval, long? id, string? message)
    {
        var frame = Parse(text);

        Assert.Equal((kind, symbol, interval, id, message), (frame.Kind, frame.Symbol, frame.Interval, frame.RequestId, frame.Text));
    }

    [Fact]
    public void The_answer_to_a_ping_tells_the_time()
    {
        var frame = Parse(
            """{"method":"pong","req_id":1,"time_in":"2024-05-02T11:59:59.000001Z","time_out":"2024-05-02T12:00:00.000002Z"}""");

        Assert.Equal((FrameKind.Pong, Noon), (frame.Kind, frame.ExchangeTime));
    }

    [Fact]
    public void The_simulator_says_so_in_its_status() =>
        Assert.True(Parse("""{"channel":"status","data":[{"system":"online","simulator":"CandleStream"}]}""").IsSimulator);

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"channel\":\"ohlc")]
    [InlineData("{} {}")]
    [InlineData("\u0000\u0001")]
    public void What_is_no_object_is_malformed(string text) => Assert.Equal(FrameKind.Malformed, Parse(text).Kind);

    [Fact]
    public void A_frame_cut_anywhere_is_malformed_and_holds_no_candle()
    {
        var message = Encoding.UTF8.GetBytes(Update);

        for (var length = 0; length < message.Length; length++)
        {
            Assert.Equal(FrameKind.Malformed, KrakenFrameParser.Parse(message.AsSpan(0, length), _rows).Kind);
            Assert.Empty(_rows);
        }
    }

    [Fact]
    public void Any_byte_may_be_wrong_and_nothing_is_thrown()
    {
        var random = new Random(1);
        var message = Encoding.UTF8.GetBytes(Update);
        for (var i = 0; i < TestSize.Of(5_000, 200_000); i++)
        {
            byte[] spoiled = [.. message];
            for (var n = random.Next(1, 4); n > 0; n--) spoiled[random.Next(spoiled.Length)] = (byte)random.Next(256);
            Assert.True(Enum.IsDefined(KrakenFrameParser.Parse(spoiled, _rows).Kind));
        }
    }

    [Fact]
    public void Reading_a_candle_allocates_nothing()
    {
        var message = Encoding.UTF8.GetBytes(Update);
        for (var i = 0; i < 100; i++) KrakenFrameParser.Parse(message, _rows);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) KrakenFrameParser.Parse(message, _rows);

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Every_recorded_frame_is_read()
    {
        var recorded = JsonDocument.Parse(string.Join('\n', RecordedData.Lines("exchanges/kraken_v2_frames_20260910.json"))).RootElement;

        var snapshot = Recorded("snapshot");
        Assert.Equal(FrameKind.Snapshot, snapshot.Kind);
        Assert.Equal(9, _rows.Count);
        var minute = Timeframe.Parse("1m");
        Assert.All(_rows, r => Assert.True(r.IsRead && r.Candle.IsPlausible(minute) && r.Candle.Figures.Trades > 0));
        // From the first to the last there are twelve minutes; three had no trade.
        Assert.Equal(11 * 60_000, _rows[^1].Candle.Time - _rows[0].Candle.Time);
        Assert.Equal(FrameKind.Update, Recorded("update").Kind);
        Assert.Equal(77509.2m, Assert.Single(_rows).Candle.Close);
        var taken = Recorded("ack_ok");
        Assert.Equal((FrameKind.Subscribed, "BTC/USDT", 1L), (taken.Kind, taken.Symbol, taken.Interval));
        Assert.Equal((FrameKind.Error, "XBT/USDT"), (Recorded("ack_err").Kind, Recorded("ack_err").Symbol));
        Assert.Equal((FrameKind.Info, "online", false), (Recorded("status").Kind, Recorded("status").Text, Recorded("status").IsSimulator));
        Assert.Equal(FrameKind.Heartbeat, Recorded("heartbeat").Kind);

        KrakenFrame Recorded(string name) => Parse(recorded.GetProperty(name).GetString()!);
    }

    private KrakenFrame Parse(string text) => KrakenFrameParser.Parse(Encoding.UTF8.GetBytes(text), _rows);
}
