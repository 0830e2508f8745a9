namespace CandleStream.Simulator.Markets;

/// <summary>From options to market.</summary>
internal static class MarketFactory
{
    public static IMarket Create(SimulatorOptions options) =>
        options.Frames is { } path ? new FramesMarket(path, options.Speed, options.TimeProvider) : options.Market switch
        {
            MarketKind.Synthetic => new SyntheticMarket(
                options.Seed, options.Symbols, options.TimeProvider, reportsLate: options.Dialect == SimulatorDialect.Bitfinex),
            MarketKind.Trades => new TradesMarket(options),
            MarketKind.Load => new LoadMarket(options),
            _ => throw new ArgumentOutOfRangeException(nameof(options), options.Market, "Unknown market."),
        };
}
