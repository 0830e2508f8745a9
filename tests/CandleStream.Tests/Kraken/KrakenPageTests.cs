using System.Text;
using CandleStream.Exchanges;
using CandleStream.Exchanges.Kraken;
using CandleStream.Providers;

namespace CandleStream.Tests.Kraken;

public sealed class KrakenPageTests
{
    private const long Begin = 1_700_000_040_000;
    private const long Minute = 60_000;

    private static readonly Timeframe OneMinute = Timeframe.Parse("1m");

    private int _dropped;

    [Fact]
    public void A_row_gives_the_candle_with_its_trades()
    {
        var answer = Read(
            """{"error":[],"result":{"XXBTZUSD":[[1700000040,"1.10","3.0","0.5","2.0","1.9","7.00000000",4]],"last":1699999980}}""");

        Assert.Equal(
            new Candle(Begin, 1.1m, 3m, 0.5m, 2m, 7m, Figures: new TradeFigures(4)), Assert.Single(answer.Rows!));
        Assert.Null(answer.Error);
    }

    [Fact]
    public void A_bad_row_costs_that_row()
    {
        var answer = Read(
            """{"result":{"last":1,"A":[[1700000040,"1","1","1","1","1","1",1],[1700000100,"1",null],null,[],["x"],[1700000160,"1","1","1","1","1","1",-1]]},"error":[]}""");

        Assert.Equal([Begin], answer.Rows!.Select(r => r.Time));
        Assert.Equal(
            [new(Begin + Minute, 1), new(null, 1), new(null, 1), new(null, 1), new UnreadableRow(Begin + 2 * Minute, 1)],
            answer.Unreadable);
    }

    [Theory]
    [InlineData("""{"error":["EQuery:Unknown asset pair"]}""", "EQuery:Unknown asset pair", true, false)]
    [InlineData("""{"error":["EGeneral:Too many requests"]}""", "EGeneral:Too many requests", false, true)]
    [InlineData("""{"error":["EService:Unavailable"],"result":{"A":[]}}""", "EService:Unavailable", false, false)]
    [InlineData("""{"error":[]}""", "an answer that we do not understand", false, false)]
    [InlineData("<html>", "an answer that we do not understand", false, false)]
    [InlineData("""{"error":[],"result":{"A":[[1""", "an answer that we do not understand", false, false)]
    public void An_error_comes_with_status_200_and_is_told_apart(string body, string error, bool isAboutSymbol, bool isAboutLimit)
    {
        var answer = Read(body);

        Assert.Null(answer.Rows);
        Assert.Equal((error, isAboutSymbol, isAboutLimit), (answer.Error, answer.IsAboutSymbol, answer.IsAboutLimit));
    }

    [Fact]
    public void A_flat_row_proves_that_nothing_was_traded_and_the_running_one_does_not()
    {
        var page = Page([Traded(0), Flat(1), Traded(2), Flat(3), Flat(4)], new TimeRange(Begin, Begin + 10 * Minute));

        Assert.Equal([Begin, Begin + 2 * Minute], page.Candles.Select(c => c.Time));
        Assert.Equal(new TimeRange(Begin, Begin + 4 * Minute), page.Range);
        Assert.True(page.Unreadable.IsEmpty);
    }

    [Fact]
    public void A_time_without_a_row_is_unknown()
    {
        var page = Page([Traded(0), Traded(3), Traded(4)], new TimeRange(Begin, Begin + 10 * Minute));

        Assert.Equal(new TimeRange(Begin, Begin + 5 * Minute), page.Range);
        Assert.Equal([new TimeRange(Begin + Minute, Begin + 3 * Minute)], page.Unreadable.Ranges);
    }

    [Fact]
    public void Only_what_was_asked_for_is_told()
    {
        var page = Page([Traded(0), Traded(1), Traded(2), Traded(3)], new TimeRange(Begin + Minute, Begin + 2 * Minute));

        Assert.Equal(new TimeRange(Begin + Minute, Begin + 2 * Minute), page.Range);
        Assert.Equal([Begin + Minute], page.Candles.Select(c => c.Time));
    }

    [Fact]
    public void What_is_older_than_the_exchange_keeps_is_not_to_be_had()
    {
        var asked = new TimeRange(Begin - 1000 * Minute, Begin + 2 * Minute);

        var page = Page([.. Enumerable.Range(0, 721).Select(Traded)], asked);

        Assert.Equal((asked, Begin), (page.Range, page.NothingBefore));
    }

    [Fact]
    public void A_short_answer_is_not_the_end_of_history()
    {
        var page = Page([.. Enumerable.Range(0, 7).Select(Traded)], new TimeRange(Begin - 1000 * Minute, Begin + 1000 * Minute));

        Assert.Equal((new TimeRange(Begin, Begin + 7 * Minute), long.MinValue), (page.Range, page.NothingBefore));
    }

    [Fact]
    public void An_answer_that_ends_before_the_times_asked_for_says_nothing_of_them()
    {
        var asked = new TimeRange(Begin + 10 * Minute, Begin + 20 * Minute);

        var page = Page([Traded(0), Traded(1)], asked);

        Assert.Equal(asked, page.Range);
        Assert.Equal([asked], page.Unreadable.Ranges);
        Assert.Empty(page.Candles);
    }

    [Fact]
    public void Rows_out_of_order_are_no_answer() => Assert.Throws<CandleProviderException>(() => Page([Traded(1), Traded(0)], null));

    [Fact]
    public void Without_rows_there_is_no_answer() => Assert.Throws<CandleProviderException>(() => Page([], null));

    [Fact]
    public void A_row_at_no_time_of_a_candle_is_dropped()
    {
        var stray = Traded(2) with { Time = Begin + Minute + 1000 };

        var page = Page([Traded(0), Traded(1), stray, Traded(2)], null);

        Assert.Equal((3, 1), (page.Candles.Count, _dropped));
    }

    [Fact]
    public void The_recorded_answer_holds_505_traded_minutes_215_proved_empty_and_one_that_runs()
    {
        var body = string.Join('\n', RecordedData.Lines("exchanges/kraken_rest_ohlc_XBTUSDT_1m_nautilus.json"));
        var answer = Read(body);
        Assert.Equal((721, 0), (answer.Rows!.Count, answer.Unreadable.Count));

        var page = Page(answer.Rows, null);

        Assert.Equal(505, page.Candles.Count);
        Assert.All(page.Candles, c => Assert.True(c.IsPlausible(OneMinute) && c.Figures.Trades > 0));
        Assert.Equal(answer.Rows[0].Time, page.Range.From);
        Assert.Equal(answer.Rows[^1].Time, page.Range.To);
        Assert.Equal(215, (page.Range.To - page.Range.From) / Minute - page.Candles.Count);
        Assert.True(page.Unreadable.IsEmpty);
        Assert.Equal(0, _dropped);
    }

    [Fact]
    public void The_listing_names_bitcoin_as_traders_do_and_an_empty_one_is_none()
    {
        var symbols = KrakenListing.Read(
            """{"error":[],"result":{"XXBTZUSD":{"altname":"XBTUSD","wsname":"XBT/USD","status":"online"},"XDGXBT":{"wsname":"XDG/XBT","status":"cancel_only"},"OLD":{"wsname":"OLD/USD","status":"delisted"},"NEW":7,"X":{}}}"""u8);

        Assert.Equal(["BTC/USD", "DOGE/BTC"], symbols);
        Assert.Null(KrakenListing.Read("""{"error":["EService:Unavailable"]}"""u8));
        Assert.Null(KrakenListing.Read("""{"error":[],"result":{}}"""u8));
        Assert.Null(KrakenListing.Read("<html>"u8));
    }

    [Theory]
    [InlineData("BTC/USD", "XBTUSD")]
    [InlineData("ETH/BTC", "ETHXBT")]
    [InlineData("DOGE/USDT", "XDGUSDT")]
    public void Rest_names_a_symbol_without_its_slash(string symbol, string name) => Assert.Equal(name, KrakenNames.RestNameOf(symbol));

    [Fact]
    public void Weeks_begin_on_Thursday_and_intervals_are_in_minutes()
    {
        var thursday = new DateTimeOffset(2024, 5, 2, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
        var week = SeriesKey.Parse("KRAKEN:BTC/USD:1W").Timeframe;

        Assert.Equal(thursday, week.StartOf(thursday + 6 * 86_400_000L));
        Assert.Equal(thursday, week.StartOf(thursday));
        Assert.Equal([1, 5, 15, 30, 60, 1440, 10080], Exchange.Kraken.Timeframes.Select(KrakenNames.IntervalOf));
        Assert.Throws<ArgumentException>(() => KrakenNames.IntervalOf(Timeframe.Parse("6h")));
    }

    private static KrakenAnswer Read(string body) => KrakenAnswer.ReadCandles(Encoding.UTF8.GetBytes(body));

    private static Candle Traded(int minute) =>
        new(Begin + minute * Minute, 1, 1, 1, 1, 1, Figures: new TradeFigures(3));

    private static Candle Flat(int minute) => new(Begin + minute * Minute, 1, 1, 1, 1, 0, Figures: new TradeFigures(0));

    private HistoryPage Page(List<Candle> rows, TimeRange? range) =>
        KrakenPageReader.Read(rows, TimeRangeSet.Empty, range, OneMinute, null, dropped => _dropped += dropped);
}
