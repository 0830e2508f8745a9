using System.Text;
using CandleStream.Exchanges;
using CandleStream.Exchanges.Binance;

namespace CandleStream.Tests.Binance;

public sealed class BinanceAnswerTests
{
    // The example of the documentation: a week that begins on Monday, 3 July 2017.
    private const string Row =
        """[1499040000000,"0.01634790","0.80000000","0.01575800","0.01577100","148976.11427815",1499644799999,"2434.19055334",308,"1756.87402397","28.46694368","0"]""";

    [Fact]
    public void A_row_gives_the_candle_with_its_figures()
    {
        var answer = BinanceAnswer.ReadCandles(Encoding.UTF8.GetBytes($"[{Row}]"));

        Assert.Equal(
            new Candle(1499040000000, 0.0163479m, 0.8m, 0.015758m, 0.015771m, 148976.11427815m,
                Figures: new TradeFigures(308, 2434.19055334m, 1756.87402397m, 28.46694368m)),
            Assert.Single(answer.Rows!).Candle);
        Assert.True(answer.Rows![0].Candle.Time == Timeframe.Parse("1W").StartOf(answer.Rows[0].Candle.Time));
    }

    [Fact]
    public void A_bad_row_costs_that_row()
    {
        var answer = BinanceAnswer.ReadCandles(Encoding.UTF8.GetBytes(
            $"""[{Row},[1499644800000,"0.1",null],{Row.Replace("1499040000000", "1500249600000", StringComparison.Ordinal)},null,["x"],[]]"""));

        Assert.Equal([1499040000000, 1500249600000], answer.Rows!.Select(r => r.Candle.Time));
        Assert.Equal(
            [new UnreadableRow(1499644800000, 1), new UnreadableRow(null, 2), new UnreadableRow(null, 2), new UnreadableRow(null, 2)],
            answer.Unreadable);
    }

    [Theory]
    [InlineData("""{"code":-1121,"msg":"Invalid symbol."}""", -1121, true)]
    [InlineData("""{"code":-1100,"msg":"Illegal characters found in parameter 'symbol'."}""", -1100, true)]
    [InlineData("""{"code":-1120,"msg":"Invalid interval."}""", -1120, false)]
    [InlineData("""{"code":-1003,"msg":"Too much request weight used."}""", -1003, false)]
    [InlineData("{}", null, false)]
    [InlineData("<html>", null, false)]
    [InlineData("", null, false)]
    [InlineData("[1", null, false)]
    public void An_error_is_no_list_and_says_whether_it_is_about_the_symbol(string body, int? code, bool isAboutSymbol)
    {
        var answer = BinanceAnswer.ReadCandles(Encoding.UTF8.GetBytes(body));

        Assert.Null(answer.Rows);
        Assert.NotNull(answer.Error);
        Assert.Equal((code, isAboutSymbol), (answer.ErrorCode, answer.IsAboutSymbol));
    }

    [Fact]
    public void An_empty_list_is_a_list() => Assert.Empty(BinanceAnswer.ReadCandles("[]"u8).Rows!);

    [Fact]
    public void The_listing_gives_what_is_traded_and_the_weight_of_a_minute()
    {
        var listing = BinanceListing.Read(
            """{"timezone":"UTC","serverTime":1,"rateLimits":[{"rateLimitType":"RAW_REQUESTS","interval":"MINUTE","intervalNum":5,"limit":61000},{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000}],"symbols":[{"symbol":"ETHBTC","status":"TRADING"},{"symbol":"OLDBTC","status":"BREAK"},{"status":"TRADING"},7]}"""u8);

        Assert.Equal(["ETHBTC"], listing!.Symbols);
        Assert.Equal((6000, false), (listing.WeightPerMinute, listing.IsSimulator));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"symbols":{}}""")]
    [InlineData("nothing")]
    public void What_is_no_listing_is_none(string body) => Assert.Null(BinanceListing.Read(Encoding.UTF8.GetBytes(body)));

    [Fact]
    public void Every_timeframe_of_the_exchange_has_a_name_there()
    {
        Assert.Equal(["1m", "5m", "15m", "30m", "1h", "6h", "12h", "1d", "1w", "1M"],
            Exchange.Binance.Timeframes.Select(BinanceNames.IntervalOf));
        Assert.Throws<ArgumentException>(() => BinanceNames.IntervalOf(Timeframe.Parse("3h")));
        Assert.Equal("1000satsusdt@kline_1d", BinanceNames.StreamOf(SeriesKey.Parse("1000SATSUSDT:1D")));
    }
}
