using System.Text;
using CandleStream.Server.History;
using CandleStream.Server.Streams.Events;

namespace CandleStream.Tests.Endpoints;

/// <summary>What some exchanges tell of a candle's trades is sent on as it came; where nothing is told, nothing is sent.</summary>
public sealed class TradeFiguresTests
{
    private static readonly SeriesKey Btc = SeriesKey.Parse("BTCUSD:1m");
    private static readonly Candle Bare = new(1541980740000, 6351.1m, 6352m, 6351m, 6351.9m, 3.2m, true, new Rev(1541980801000123));
    private static readonly Candle Told = Bare with { Figures = new TradeFigures(17, 20325.8m, 1.1m, 6987.2m) };

    [Fact]
    public void A_candle_has_its_figures_behind_its_volume()
    {
        Assert.Equal(
            """{"symbol":"BTCUSD","timeframe":"1m","time":1541980740000,"open":6351.1,"high":6352,"low":6351,"close":6351.9,"volume":3.2,"trades":17,"quote_volume":20325.8,"taker_buy_volume":1.1,"taker_buy_quote_volume":6987.2,"closed":true,"rev":1541980801000123}""",
            Encoding.UTF8.GetString(CandleJson.Encode(Btc, Told)));
        Assert.Contains("\"volume\":3.2,\"trades\":17,\"closed\"",
            Encoding.UTF8.GetString(CandleJson.Encode(Btc, Bare with { Figures = new TradeFigures(17) })), StringComparison.Ordinal);
        Assert.Contains(
            "\"volume\":3.2,\"closed\"", Encoding.UTF8.GetString(CandleJson.Encode(Btc, Bare)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_delta_tells_all_figures_where_one_has_changed()
    {
        var next = Told with { Figures = new TradeFigures(18, 20325.8m, 1.1m, 6987.2m), Rev = new Rev(Told.Rev.Value + 1) };

        Assert.Contains("\"trades\":18,\"quote_volume\":20325.8,\"taker_buy_volume\":1.1,\"taker_buy_quote_volume\":6987.2",
            TextOf(StreamEvents.Delta(Btc, Told, next)), StringComparison.Ordinal);
        Assert.DoesNotContain(
            "trades", TextOf(StreamEvents.Delta(Btc, Told, Told with { Rev = next.Rev })), StringComparison.Ordinal);
    }

    [Fact]
    public void Candles_that_differ_in_a_figure_alone_are_two_versions() =>
        Assert.False(Told.HasSameValues(Told with { Figures = new TradeFigures(18, 20325.8m, 1.1m, 6987.2m) }));

    [Fact]
    public async Task Rows_have_no_columns_of_figures_where_the_exchange_tells_none()
    {
        using var body = new MemoryStream();

        await CandleCsv.WriteRowsAsync(body, Btc, new[] { Bare }.ToAsyncEnumerable(), TestContext.Current.CancellationToken);

        Assert.Equal(
            "time,open,high,low,close,volume,closed,rev\r\n1541980740000,6351.1,6352,6351,6351.9,3.2,true,1541980801000123\r\n",
            Encoding.UTF8.GetString(body.ToArray()));
    }

    private static string TextOf(Frame frame) => frame.ToString();
}
