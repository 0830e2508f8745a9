namespace CandleStream.Exchanges.Kraken;

/// <summary>
/// Kraken's names of symbols and timeframes. Its socket calls Bitcoin <c>BTC</c> as traders do, its lists and REST call it <c>XBT</c>.
/// Source: Kraken documentation, websocket-v2/ohlc and get-ohlc-data.
/// </summary>
internal static class KrakenNames
{
    /// <summary>The length of a timeframe in minutes, as the exchange names it.</summary>
    /// <exception cref="ArgumentException">The exchange makes no such candles.</exception>
    public static int IntervalOf(Timeframe timeframe) => Exchange.Kraken.Makes(timeframe)
        ? (int)(timeframe.LengthMs / 60_000)
        : throw new ArgumentException($"Kraken makes no candles of {timeframe}.", nameof(timeframe));

    /// <summary>How REST calls a symbol: <c>XBTUSD</c> for <c>BTC/USD</c>.</summary>
    public static string RestNameOf(string symbol)
    {
        var slash = symbol.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? symbol : OldNameOf(symbol[..slash]) + OldNameOf(symbol[(slash + 1)..]);
    }

    /// <summary>Our name of a symbol of the exchange's list: <c>BTC/USD</c> for <c>XBT/USD</c>.</summary>
    public static string SymbolOf(string listed) => Exchange.Kraken.Named(listed);

    private static string OldNameOf(string currency) => currency switch
    {
        "BTC" => "XBT",
        "DOGE" => "XDG",
        _ => currency,
    };
}
