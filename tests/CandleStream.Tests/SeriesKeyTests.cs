using CsCheck;

namespace CandleStream.Tests;

public sealed class SeriesKeyTests
{
    [Theory]
    [InlineData("BTCUSD:1m", "BTCUSD", "1m")]
    [InlineData("BTCUSD:1M", "BTCUSD", "1M")]
    [InlineData("BTCF0:USTF0:1m", "BTCF0:USTF0", "1m")]
    [InlineData("DUSK:USD:14D", "DUSK:USD", "14D")]
    public void A_series_is_split_at_the_last_colon(string text, string symbol, string timeframe)
    {
        var key = SeriesKey.Parse(text);
        Assert.Equal((symbol, timeframe), (key.Symbol, key.Timeframe.Name));
        Assert.Equal(text, key.ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(":")]
    [InlineData("BTCUSD")]
    [InlineData("BTCUSD:")]
    [InlineData(":1m")]
    [InlineData("BTCUSD:2m")]
    [InlineData("btcusd:1m")]
    [InlineData("tBTCUSD:1m")]
    [InlineData("BTC USD:1m")]
    [InlineData("BTCUSD:1m ")]
    [InlineData(":BTCUSD:1m")]
    [InlineData("BTCUSD::1m")]
    [InlineData("A:B:C:1m")]
    [InlineData("ÄÖÜUSD:1m")]
    [InlineData("BTC/USD:1m")]
    [InlineData("BINANCE:BTC/USDT:1m")]
    [InlineData("KRAKEN:/USD:1m")]
    [InlineData("KRAKEN:BTC/:1m")]
    [InlineData("KRAKEN:A/B/C:1m")]
    [InlineData("KRAKEN:A:B/C:1m")]
    [InlineData("KRAKEN:BTC/USD:6h")]
    [InlineData("BTCUSD\n:1m")]
    [InlineData("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456:1m")]
    public void What_is_no_series_is_not_read(string? text)
    {
        Assert.False(SeriesKey.TryParse(text, out _));
        if (text is not null) Assert.Throws<FormatException>(() => SeriesKey.Parse(text));
    }

    [Theory]
    [InlineData("KRAKEN:BTC/USD:1m", "BTC/USD")]
    [InlineData("kraken:btc/usd:1m", "BTC/USD")]
    [InlineData("KRAKEN:XBT/USD:1m", "BTC/USD")]
    [InlineData("KRAKEN:XDG/XBT:1m", "DOGE/BTC")]
    [InlineData("KRAKEN:ETHXBT:1m", "ETHXBT")]
    public void Behind_its_exchange_a_symbol_may_hold_a_slash_and_its_two_names_are_one(string text, string pair)
    {
        var key = SeriesKey.Parse(text);

        Assert.Equal((Exchange.Kraken, pair, $"KRAKEN:{pair}:1m"), (key.Exchange, key.Pair, key.ToString()));
    }

    [Fact]
    public void Every_series_is_read_back_from_its_text()
    {
        var part = Gen.Char["ABCXYZ019"].Array[2, 12].Select(c => new string(c));
        var symbol = Gen.OneOf(part, Gen.Select(part, part, (a, b) => $"{a}:{b}"));
        Gen.Select(symbol, Gen.Int[0, Timeframe.All.Count - 1].Select(i => Timeframe.All[i]))
            .Sample((s, t) => SeriesKey.Parse(new SeriesKey(s, t).ToString()) == new SeriesKey(s, t));
    }

    [Fact]
    public void No_text_makes_the_parser_fail() =>
        Gen.String.Sample(text => SeriesKey.TryParse(text, out var key) ? key.ToString() == text : key == default);
}
