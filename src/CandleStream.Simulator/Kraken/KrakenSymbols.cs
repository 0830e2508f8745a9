using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator.Kraken;

/// <summary>
/// The market's pairs under Kraken's names: <c>BTC/USD</c> on the socket, <c>XBT/USD</c> in the list, <c>XBTUSD</c> over REST. Perpetuals
/// are not listed on the spot market.
/// </summary>
internal sealed class KrakenSymbols
{
    private static readonly Dictionary<int, string> Intervals = new()
    {
        [1] = "1m",
        [5] = "5m",
        [15] = "15m",
        [30] = "30m",
        [60] = "1h",
        [1440] = "1D",
        // Seven days from the epoch, which was a Thursday.
        [10080] = "7D",
        // The exchange's are 15 days; the market has none of them.
    };

    private readonly Dictionary<string, KrakenSymbol> _byName;
    private readonly Dictionary<string, KrakenSymbol> _byRestName;

    public KrakenSymbols(IEnumerable<string> pairs)
    {
        All = [.. pairs.Where(pair => !pair.EndsWith("F0", StringComparison.Ordinal)).Select(Of)];
        _byName = All.ToDictionary(symbol => symbol.Name);
        _byRestName = All.ToDictionary(symbol => symbol.RestName);
    }

    public IReadOnlyList<KrakenSymbol> All { get; }

    public KrakenSymbol Of(CandleKey key) => All.First(symbol => symbol.Pair == key.Pair);

    public KrakenSymbol? Find(string? name) => name is null ? null : _byName.GetValueOrDefault(name);

    /// <summary>The symbol as REST names it; the listed name is taken too.</summary>
    public KrakenSymbol? FindByRestName(string? name) =>
        name is null ? null : _byRestName.GetValueOrDefault(name.Replace("/", "", StringComparison.Ordinal));

    public static bool IsInterval(int minutes) => Intervals.ContainsKey(minutes);

    /// <summary>The market's key of a symbol at an interval in minutes.</summary>
    public static CandleKey KeyOf(KrakenSymbol symbol, int minutes) => CandleKey.For(Intervals[minutes], symbol.Pair);

    public static int IntervalOf(MarketTimeframe timeframe) => Intervals.First(interval => interval.Value == timeframe.Name).Key;

    private static KrakenSymbol Of(string pair)
    {
        var parts = pair.Split(':', '/');
        var (main, quote) = parts is [var left, var right] ? (left, right) : (pair[..^3], pair[^3..]);
        return new KrakenSymbol(pair, $"{main}/{quote}", Old(main), Old(quote));
    }

    private static string Old(string currency) => currency switch
    {
        "BTC" => "XBT",
        "DOGE" => "XDG",
        _ => currency,
    };
}

/// <summary>One pair: as the market names it, as the socket does, and its currencies as the list names them.</summary>
internal sealed record KrakenSymbol(string Pair, string Name, string Base, string Quote)
{
    public string ListedName => $"{Base}/{Quote}";

    public string RestName => Base + Quote;

    /// <summary>The key under which REST answers: the oldest currencies have a letter before their names.</summary>
    public string AnswerKey => Base is "XBT" or "ETH" or "LTC" or "XRP" && Quote is "USD" or "EUR" ? $"X{Base}Z{Quote}" : RestName;
}
