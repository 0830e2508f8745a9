namespace CandleStream.Simulator.Protocol;

/// <summary>What an exchange may know of the trades of a bar, beside prices and volume.</summary>
/// <param name="Trades">How many there were.</param>
/// <param name="FirstTrade">The number of the first. Numbers run on without a hole per pair; −1 where nothing was traded.</param>
/// <param name="LastTrade">The number of the last; −1 where nothing was traded.</param>
/// <param name="QuoteVolume">The traded amount in the quote currency.</param>
/// <param name="TakerBuyVolume">The part of the volume whose taker bought.</param>
/// <param name="TakerBuyQuoteVolume">The same part in the quote currency.</param>
public readonly record struct MarketFigures(
    long Trades, long FirstTrade, long LastTrade, decimal QuoteVolume, decimal TakerBuyVolume, decimal TakerBuyQuoteVolume)
{
    /// <summary>Those of a bar without a trade.</summary>
    public static MarketFigures None { get; } = new(0, -1, -1, 0, 0, 0);

    /// <summary>Figures of a bar whose trades are counted, but not known one by one: the amounts follow from its prices.</summary>
    public static MarketFigures Invented(in MarketCandle candle, long trades, long firstTrade)
    {
        var price = (candle.Open + candle.High + candle.Low + candle.Close) / 4;
        var bought = decimal.Round(candle.Volume * (30 + (candle.Time / MarketTimeframe.Minute % 40)) / 100, 8);
        return new MarketFigures(
            trades, firstTrade, firstTrade + trades - 1, decimal.Round(candle.Volume * price, 8), bought, decimal.Round(bought * price, 8));
    }

    /// <summary>The figures after one more trade.</summary>
    public MarketFigures Add(long id, decimal price, decimal amount, bool isTakerBuy) => new(
        Trades + 1, Trades == 0 ? id : FirstTrade, id, QuoteVolume + (price * amount), TakerBuyVolume + (isTakerBuy ? amount : 0),
        TakerBuyQuoteVolume + (isTakerBuy ? price * amount : 0));
}
