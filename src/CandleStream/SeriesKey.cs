using System.Diagnostics.CodeAnalysis;

namespace CandleStream;

/// <summary>One symbol at one timeframe, written <c>BTCUSD:1m</c>.</summary>
/// <param name="Symbol">
/// The symbol as people and the store write it: a pair of Bitfinex bare and without its leading <c>t</c>, such as <c>BTCUSD</c>,
/// <c>DUSK:USD</c> or <c>BTCF0:USTF0</c>; one of another exchange behind the exchange's name.
/// </param>
/// <param name="Timeframe">The length of its candles.</param>
public readonly record struct SeriesKey(string Symbol, Timeframe Timeframe)
{
    /// <summary>The length of its candles, and when they open at its exchange.</summary>
    public Timeframe Timeframe { get; } = Exchange.Split(Symbol).Exchange.Align(Timeframe);

    /// <summary>The exchange that trades the symbol.</summary>
    public Exchange Exchange => Exchange.Split(Symbol).Exchange;

    /// <summary>The symbol as its exchange names it.</summary>
    public string Pair => Exchange.Split(Symbol).Pair;

    /// <summary>The longest symbol accepted, in characters.</summary>
    public const int MaxSymbolLength = 32;

    /// <summary>
    /// True for upper-case letters, digits and at most one inner colon: the shape of the exchange's pairs, whether listed or not. Behind
    /// the name of an exchange that writes slashes, one slash within the pair.
    /// </summary>
    public static bool IsWellFormedSymbol([NotNullWhen(true)] string? symbol)
    {
        if (symbol is not { Length: >= 2 and <= MaxSymbolLength }) return false;
        if (Exchange.Split(symbol) is ({ WritesSlash: true }, var pair) && pair.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash)
            return slash < pair.Length - 1 && HasShape(pair.Remove(slash, 1), mayHaveColon: false);
        return HasShape(symbol, mayHaveColon: true);
    }

    private static bool HasShape(string symbol, bool mayHaveColon)
    {
        var colons = 0;
        foreach (var c in symbol)
        {
            if (c == ':' && mayHaveColon) colons++;
            else if (!char.IsAsciiLetterUpper(c) && !char.IsAsciiDigit(c)) return false;
        }

        return !mayHaveColon || colons == 0 || (colons == 1 && symbol[0] != ':' && symbol[^1] != ':');
    }

    /// <summary>
    /// Reads a symbol as people write it. <c>BITFINEX:BTCUSD</c> is <c>BTCUSD</c>; behind the name of another exchange lower case is taken,
    /// and a symbol that it lists under two names: <c>KRAKEN:XBT/USD</c> is <c>KRAKEN:BTC/USD</c>.
    /// </summary>
    public static bool TryReadSymbol([NotNullWhen(true)] string? text, [NotNullWhen(true)] out string? symbol)
    {
        if (text is { Length: > 2 * MaxSymbolLength }) text = null;
        if (text is not null && Exchange.Split(text.ToUpperInvariant()).Exchange != Exchange.Bitfinex) text = text.ToUpperInvariant();
        symbol = text is not null && Exchange.Split(text) is var (exchange, pair)
            ? exchange == Exchange.Bitfinex ? pair : $"{exchange}:{exchange.Named(pair)}"
            : text;
        if (IsWellFormedSymbol(symbol)) return true;
        symbol = null;
        return false;
    }

    /// <summary>
    /// Reads <c>BTCUSD:1m</c>; split at the LAST colon, because a symbol may hold one itself. False also where the exchange makes no
    /// candles
    /// of the timeframe.
    /// </summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out SeriesKey key)
    {
        key = default;
        var colon = text?.LastIndexOf(':') ?? -1;
        if (colon < 0 || !Timeframe.TryParse(text![(colon + 1)..], out var timeframe)) return false;
        if (!TryReadSymbol(text[..colon], out var symbol)) return false;
        key = new SeriesKey(symbol, timeframe);
        return key.Exchange.Makes(timeframe);
    }

    /// <summary>Reads <c>BTCUSD:1m</c>.</summary>
    /// <exception cref="FormatException">The text is not a symbol, a colon and a timeframe.</exception>
    public static SeriesKey Parse(string text) =>
        TryParse(text, out var key) ? key : throw new FormatException($"'{text}' is not a series such as BTCUSD:1m.");

    public override string ToString() => $"{Symbol}:{Timeframe}";
}
