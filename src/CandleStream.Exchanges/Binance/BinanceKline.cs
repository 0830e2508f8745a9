namespace CandleStream.Exchanges.Binance;

/// <summary>
/// One candle as Binance tells it, with the trades that it is made of. Their numbers run on without a hole per symbol, so that a lost trade
/// shows in the next candle: it does not begin where this one ended.
/// </summary>
/// <param name="Candle">Prices, volume and figures; closed where the exchange says that it is over.</param>
/// <param name="FirstTrade">The number of its first trade; −1 where nothing was traded.</param>
/// <param name="LastTrade">The number of its last trade; −1 where nothing was traded.</param>
internal readonly record struct BinanceKline(Candle Candle, long FirstTrade = -1, long LastTrade = -1)
{
    /// <summary>True for the flat candle that stands where nothing was traded: it proves that, and is no candle of ours.</summary>
    public bool IsEmpty => Candle.Figures.Trades == 0;
}
