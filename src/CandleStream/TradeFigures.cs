namespace CandleStream;

/// <summary>
/// What an exchange tells of a candle's trades beside prices and volume. The default value tells nothing, as Bitfinex does; some exchanges
/// tell the number of trades only.
/// </summary>
public readonly record struct TradeFigures
{
    // One more than the number, so that the default value is "not told".
    private readonly long _trades;
    private readonly bool _hasVolumes;
    private readonly decimal _quoteVolume;
    private readonly decimal _takerBuyVolume;
    private readonly decimal _takerBuyQuoteVolume;

    /// <param name="trades">How many trades the candle is made of.</param>
    public TradeFigures(long trades) => _trades = trades + 1;

    /// <param name="trades">How many trades the candle is made of.</param>
    /// <param name="quoteVolume">Traded amount in the quote currency.</param>
    /// <param name="takerBuyVolume">The part of the volume whose taker bought, in the base currency.</param>
    /// <param name="takerBuyQuoteVolume">The same part in the quote currency.</param>
    public TradeFigures(long trades, decimal quoteVolume, decimal takerBuyVolume, decimal takerBuyQuoteVolume)
        : this(trades)
    {
        _hasVolumes = true;
        (_quoteVolume, _takerBuyVolume, _takerBuyQuoteVolume) = (quoteVolume, takerBuyVolume, takerBuyQuoteVolume);
    }

    /// <summary>How many trades the candle is made of; null where that is not told.</summary>
    public long? Trades => _trades == 0 ? null : _trades - 1;

    /// <summary>Traded amount in the quote currency; null where that is not told.</summary>
    public decimal? QuoteVolume => _hasVolumes ? _quoteVolume : null;

    /// <summary>The part of the volume whose taker bought, in the base currency; null where that is not told.</summary>
    public decimal? TakerBuyVolume => _hasVolumes ? _takerBuyVolume : null;

    /// <summary>The same part in the quote currency; null where that is not told.</summary>
    public decimal? TakerBuyQuoteVolume => _hasVolumes ? _takerBuyQuoteVolume : null;

    /// <summary>Puts together what a store kept apart.</summary>
    public static TradeFigures Of(
        long? trades, decimal? quoteVolume, decimal? takerBuyVolume, decimal? takerBuyQuoteVolume) => trades is not { } count
            ? default
            : quoteVolume is { } quote && takerBuyVolume is { } takerBuy && takerBuyQuoteVolume is { } takerBuyQuote
                ? new TradeFigures(count, quote, takerBuy, takerBuyQuote)
                : new TradeFigures(count);
}
