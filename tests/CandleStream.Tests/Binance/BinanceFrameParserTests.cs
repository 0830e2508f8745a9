using System.Text;
using CandleStream.Exchanges;
using CandleStream.Exchanges.Binance;

namespace CandleStream.Tests.Binance;

public sealed class BinanceFrameParserTests
{
    // The example of the documentation, with the numbers of a real pair.
    private const string Kline =
        """{"t":1672515780000,"T":1672515839999,"s":"BNBBTC","i":"1m","f":100,"L":200,"o":"0.00100000","c":"0.00200000","h":"0.00250000","l":"0.00090000","v":"1000.50000000","n":101,"x":false,"q":"1.00000000","V":"500.00000000","Q":"0.50000000","B":"123456"}""";

    private const string Event = $$"""{"e":"kline","E":1672515782136,"s":"BNBBTC","k":{{Kline}}}""";
    private const string Combined = $$"""{"stream":"bnbbtc@kline_1m","data":{{Event}}}""";

    private static readonly Candle Told = new(
        1672515780000, Open: 0.001m, High: 0.0025m, Low: 0.0009m, Close: 0.002m, Volume: 1000.5m,
        Figures: new TradeFigures(101, 1m, 500m, 0.5m));

    [Fact]
    public void A_candle_comes_with_its_figures_its_trades_its_time_and_its_stream()
    {
        var message = Encoding.UTF8.GetBytes(Combined);

        var frame = BinanceFrameParser.Parse(message);

        Assert.Equal((FrameKind.Update, 1672515782136L), (frame.Kind, frame.ExchangeTime));
        Assert.Equal(new BinanceKline(Told, FirstTrade: 100, LastTrade: 200), frame.Kline);
        Assert.Equal("bnbbtc@kline_1m", Encoding.UTF8.GetString(message[frame.Stream]));
    }

    [Fact]
    public void A_bare_event_names_no_stream_and_is_the_same_candle()
    {
        var frame = Parse(Event);

        Assert.Equal(Told, frame.Kline.Candle);
        Assert.Equal(default, frame.Stream);
    }

    [Fact]
    public void Where_the_stream_stands_behind_the_data_it_is_found_too() =>
        Assert.Equal(Told, Parse($$"""{"data":{{Event}},"stream":"bnbbtc@kline_1m","new":[1,{"k":2}]}""").Kline.Candle);

    [Fact]
    public void The_exchange_closes_a_candle_by_its_flag() =>
        Assert.True(Parse(Combined.Replace("\"x\":false", "\"x\":true", StringComparison.Ordinal)).Kline.Candle.Closed);

    [Fact]
    public void A_candle_without_a_trade_is_empty()
    {
        var frame = Parse(
            """{"stream":"belbtc@kline_1m","data":{"e":"kline","E":1681154040004,"s":"BELBTC","k":{"t":1681153980000,"T":1681154039999,"s":"BELBTC","i":"1m","f":-1,"L":-1,"o":"0.00002369","c":"0.00002369","h":"0.00002369","l":"0.00002369","v":"0.00000000","n":0,"x":true,"q":"0.00000000","V":"0.00000000","Q":"0.00000000","B":"0"}}}""");

        Assert.True(frame.Kline is { IsEmpty: true, Candle.Closed: true, FirstTrade: -1, LastTrade: -1 });
    }

    [Theory]
    [InlineData("\"0.00250000\"", "0.0025")]
    [InlineData("\"64000.00000000\"", "64000")]
    [InlineData("\"64000\"", "64000")]
    [InlineData("\"100\"", "100")]
    [InlineData("\"0.00000001\"", "0.00000001")]
    [InlineData("\"12345678901234567890.12345678\"", "12345678901234567890.12345678")]
    public void Amounts_keep_every_digit_and_no_zeros_at_the_end(string text, string exact)
    {
        var high = Parse(Combined.Replace("\"0.00250000\"", text, StringComparison.Ordinal)).Kline.Candle.High;

        Assert.Equal(exact, high.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("\"h\":\"0.00250000\"", "\"h\":null")]
    [InlineData("\"h\":\"0.00250000\"", "\"h\":0.0025")]
    [InlineData("\"h\":\"0.00250000\"", "\"h\":\"\"")]
    [InlineData("\"h\":\"0.00250000\"", "\"h\":\"abc\"")]
    [InlineData("\"h\":\"0.00250000\"", "\"h\":\"1 \"")]
    [InlineData("\"h\":\"0.00250000\",", "")]
    [InlineData("\"n\":101", "\"n\":-1")]
    [InlineData("\"x\":false", "\"x\":0")]
    [InlineData("\"f\":100,", "")]
    [InlineData("\"v\":\"1000.50000000\"", "\"v\":{\"a\":[1]}")]
    public void A_candle_that_cannot_be_read_is_a_loss_at_its_time(string text, string spoiled)
    {
        var frame = Parse(Combined.Replace(text, spoiled, StringComparison.Ordinal));

        Assert.Equal((FrameKind.Unreadable, 1672515780000L, 1672515782136L), (frame.Kind, frame.OpenTime, frame.ExchangeTime));
        Assert.NotEqual(default, frame.Stream);
    }

    [Theory]
    [InlineData("\"t\":1672515780000", "\"t\":null")]
    [InlineData("\"t\":1672515780000", "\"t\":-5")]
    [InlineData("\"t\":1672515780000", "\"t\":1672515780000000")]
    public void Without_a_possible_time_nothing_is_known_of_when(string text, string spoiled)
    {
        var frame = Parse(Combined.Replace(text, spoiled, StringComparison.Ordinal));

        Assert.Equal((FrameKind.Unreadable, null), (frame.Kind, frame.OpenTime));
    }

    [Theory]
    [InlineData("""{"result":null,"id":3}""", FrameKind.Subscribed, 3L, null, null)]
    [InlineData("""{"id":3,"result":["btcusdt@kline_1m"]}""", FrameKind.Subscribed, 3L, null, null)]
    [InlineData("""{"code":2,"msg":"Invalid request: no method","id":4}""", FrameKind.Error, 4L, 2, "Invalid request: no method")]
    [InlineData("""{"error":{"code":3,"msg":"Invalid JSON"},"id":null}""", FrameKind.Error, null, 3, "Invalid JSON")]
    [InlineData("""{"e":"serverShutdown","E":1672515782136}""", FrameKind.Info, null, null, null)]
    [InlineData("""{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1672515782136}}""", FrameKind.Info, null, null, null)]
    [InlineData("""{"e":"trade","E":1672515782136}""", FrameKind.Unknown, null, null, null)]
    [InlineData("{}", FrameKind.Unknown, null, null, null)]
    public void Answers_errors_and_announcements_are_told_apart(string text, object kind, long? id, int? code, string? message)
    {
        var frame = Parse(text);

        Assert.Equal((kind, id, code, message), (frame.Kind, frame.RequestId, frame.Code, frame.Text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("[1,2]")]
    [InlineData("null")]
    [InlineData("{\"stream\":\"btc")]
    [InlineData("{} {}")]
    [InlineData("\u0000\u0001")]
    public void What_is_no_object_is_malformed(string text) => Assert.Equal(FrameKind.Malformed, Parse(text).Kind);

    [Fact]
    public void A_frame_cut_anywhere_is_malformed_and_never_a_candle()
    {
        var message = Encoding.UTF8.GetBytes(Combined);

        for (var length = 0; length < message.Length; length++)
            Assert.Equal(FrameKind.Malformed, BinanceFrameParser.Parse(message.AsSpan(0, length)).Kind);
    }

    [Fact]
    public void Any_byte_may_be_wrong_and_nothing_is_thrown()
    {
        var random = new Random(1);
        var message = Encoding.UTF8.GetBytes(Combined);
        for (var i = 0; i < TestSize.Of(5_000, 200_000); i++)
        {
            byte[] spoiled = [.. message];
            for (var n = random.Next(1, 4); n > 0; n--) spoiled[random.Next(spoiled.Length)] = (byte)random.Next(256);
            Assert.True(Enum.IsDefined(BinanceFrameParser.Parse(spoiled).Kind));
        }
    }

    [Fact]
    public void Reading_a_candle_allocates_nothing()
    {
        var message = Encoding.UTF8.GetBytes(Combined);
        for (var i = 0; i < 100; i++) BinanceFrameParser.Parse(message);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) BinanceFrameParser.Parse(message);

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Theory]
    [InlineData("BINANCE_TR.ws.1.0", 8, 4, 6)]
    [InlineData("BINANCE_US.ws.1.0", 5, 1, 0)]
    [InlineData("BINANCE.ws.1.0", 2, 0, 0)]
    public void Every_recorded_candle_is_read_and_nothing_else_taken_for_one(string file, int candles, int closed, int empty)
    {
        List<BinanceFrame> frames = [];
        foreach (var line in RecordedData.Lines($"exchanges/{file}"))
        {
            // TIME: MESSAGE; the first line of each socket says what was subscribed.
            var start = line.IndexOf(": {", StringComparison.Ordinal);
            if (start < 0) continue;
            var text = line[(start + 2)..];
            var frame = Parse(text);
            Assert.Equal(text.Contains("\"e\":\"kline\"", StringComparison.Ordinal), frame.Kind == FrameKind.Update);
            Assert.NotEqual(FrameKind.Malformed, frame.Kind);
            if (frame.Kind == FrameKind.Update) frames.Add(frame);
        }

        Assert.Equal((candles, closed, empty),
            (frames.Count, frames.Count(f => f.Kline.Candle.Closed), frames.Count(f => f.Kline.IsEmpty)));
        Assert.All(frames, f =>
        {
            Assert.True(f.Kline.Candle.IsPlausible(Timeframe.Parse("1m")) || f.Kline.IsEmpty);
            Assert.True(f.Kline.IsEmpty || f.Kline.LastTrade - f.Kline.FirstTrade + 1 == f.Kline.Candle.Figures.Trades);
            // None was sent as over before its end had come.
            Assert.True(!f.Kline.Candle.Closed || f.ExchangeTime >= f.Kline.Candle.Time + 60_000);
        });
    }

    private static BinanceFrame Parse(string text) => BinanceFrameParser.Parse(Encoding.UTF8.GetBytes(text));
}
