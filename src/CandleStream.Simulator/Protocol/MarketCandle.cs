namespace CandleStream.Simulator.Protocol;

/// <summary>One bar of the simulated exchange: open time in Unix ms UTC, prices in quote currency, volume in base currency.</summary>
public readonly record struct MarketCandle(long Time, decimal Open, decimal High, decimal Low, decimal Close, decimal Volume)
{
    /// <summary>The bar a first trade makes.</summary>
    public static MarketCandle FromTrade(long time, decimal price, decimal amount) =>
        new(time, price, price, price, price, amount);

    /// <summary>The bar after one more trade.</summary>
    public MarketCandle Add(decimal price, decimal amount) => this with
    {
        High = Math.Max(High, price),
        Low = Math.Min(Low, price),
        Close = price,
        Volume = Volume + amount,
    };
}
