namespace CandleStream.Tests;

public sealed class ExchangeTests
{
    private static readonly Exchange Other = new("KRAKEN", FirstThursday);

    // 1970-01-01 was a Thursday.
    private const long FirstThursday = 0;

    [Theory]
    [InlineData("BTCUSD", "BITFINEX", "BTCUSD")]
    [InlineData("DUSK:USD", "BITFINEX", "DUSK:USD")]
    [InlineData("BTCF0:USTF0", "BITFINEX", "BTCF0:USTF0")]
    [InlineData("BITFINEX:DUSK:USD", "BITFINEX", "DUSK:USD")]
    [InlineData("KRAKEN:BTC/USD", "KRAKEN", "BTC/USD")]
    [InlineData("KRAKENX:USD", "BITFINEX", "KRAKENX:USD")]
    [InlineData("BINANCE:BTCUSDT", "BITFINEX", "BINANCE:BTCUSDT")]
    public void A_prefix_counts_only_where_it_names_a_known_exchange(string symbol, string exchange, string pair)
    {
        var (of, name) = Exchange.Split(symbol, [Exchange.Bitfinex, Other]);

        Assert.Equal((exchange, pair), (of.Name, name));
    }

    [Theory]
    [InlineData("BITFINEX:BTCUSD:1m", "BTCUSD:1m")]
    [InlineData("BITFINEX:BTCF0:USTF0:1m", "BTCF0:USTF0:1m")]
    [InlineData("BITFINEX:ABCDEFGHIJKLMNOPQRSTUVWXYZ012345:1m", "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345:1m")]
    public void Bitfinex_stays_bare_whichever_way_it_is_asked_for(string asked, string told)
    {
        var key = SeriesKey.Parse(asked);

        Assert.Equal(told, key.ToString());
        Assert.Equal(SeriesKey.Parse(told), key);
        Assert.Same(Exchange.Bitfinex, key.Exchange);
        Assert.Equal(key.Symbol, key.Pair);
    }

    [Fact]
    public void Weeks_open_on_the_day_of_their_exchange()
    {
        var week = Timeframe.Parse("1W");
        var friday = DateTimeOffset.Parse("2024-05-03T12:00Z", System.Globalization.CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();

        Assert.Equal("2024-04-29", Day(Exchange.Bitfinex.Align(week).StartOf(friday)));
        Assert.Equal("2024-05-02", Day(Other.Align(week).StartOf(friday)));
        Assert.NotEqual(week, Other.Align(week));
        Assert.Equal(Other.Align(week), Other.Align(Other.Align(week)));
        Assert.Same(week, Exchange.Bitfinex.Align(week));
    }

    [Fact]
    public void Days_and_months_open_at_the_same_time_everywhere() =>
        Assert.All(Timeframe.All.Where(t => t.Name != "1W"), t => Assert.Same(t, Other.Align(t)));

    private static string Day(long time) =>
        DateTimeOffset.FromUnixTimeMilliseconds(time).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);
}
