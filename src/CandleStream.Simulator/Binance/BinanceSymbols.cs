using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator.Binance;

/// <summary>
/// The market's pairs under Binance's names: no separator, and dollars are Tether's. Perpetuals are not listed on the spot market.
/// </summary>
internal sealed class BinanceSymbols
{
    private static readonly Dictionary<string, string> Intervals = new()
    {
        ["1m"] = "1m",
        ["5m"] = "5m",
        ["15m"] = "15m",
        ["30m"] = "30m",
        ["1h"] = "1h",
        ["6h"] = "6h",
        ["12h"] = "12h",
        ["1d"] = "1D",
        ["1w"] = "1W",
        ["1M"] = "1M",
    };

    private readonly Dictionary<string, BinanceSymbol> _byName;

    public BinanceSymbols(IEnumerable<string> pairs)
    {
        All = [.. pairs.Where(pair => !pair.EndsWith("F0", StringComparison.Ordinal)).Select(Of)];
        _byName = All.ToDictionary(symbol => symbol.Name);
    }

    public IReadOnlyList<BinanceSymbol> All { get; }

    public BinanceSymbol? Find(string? name) => name is null ? null : _byName.GetValueOrDefault(name);

    public static bool IsInterval(string? name) => name is not null && Intervals.ContainsKey(name);

    /// <summary>The market's key of a symbol and an interval; null where the exchange has no such candles.</summary>
    public CandleKey? KeyOf(string? symbol, string? interval) =>
        Find(symbol) is { } found && IsInterval(interval) ? CandleKey.For(Intervals[interval!], found.Pair) : null;

    /// <summary>The key of a stream such as <c>btcusdt@kline_1m</c>; null where nothing ever comes on it.</summary>
    public CandleKey? KeyOfStream(string stream)
    {
        var at = stream.IndexOf("@kline_", StringComparison.Ordinal);
        if (at < 0 || stream[..at].Any(char.IsAsciiLetterUpper))
            return null;
        return KeyOf(stream[..at].ToUpperInvariant(), stream[(at + "@kline_".Length)..]);
    }

    /// <summary>The exchange's name of a timeframe of the market.</summary>
    public static string IntervalOf(MarketTimeframe timeframe) => Intervals.First(interval => interval.Value == timeframe.Name).Key;

    public BinanceSymbol Of(CandleKey key) => All.First(symbol => symbol.Pair == key.Pair);

    private static BinanceSymbol Of(string pair)
    {
        var parts = pair.Split(':', '/');
        var (main, quote) = parts is [var left, var right] ? (left, right) : (pair[..^3], pair[^3..]);
        if (quote == "USD")
            quote = "USDT";
        return new BinanceSymbol(pair, main + quote, main, quote);
    }
}

/// <summary>One pair: as the market names it and as the exchange does.</summary>
internal sealed record BinanceSymbol(string Pair, string Name, string Base, string Quote);
