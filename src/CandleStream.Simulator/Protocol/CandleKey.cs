using System.Diagnostics.CodeAnalysis;

namespace CandleStream.Simulator.Protocol;

/// <summary>
/// A candles key as clients write it, <c>trade:1m:tBTCUSD</c>. Split at the first two colons only: a pair may
/// hold one itself (<c>trade:1m:tBTCF0:USTF0</c>). The text is kept, for acknowledgements echo the key as it was sent.
/// </summary>
public sealed record CandleKey
{
    private CandleKey(string text, MarketTimeframe timeframe, string symbol)
    {
        Text = text;
        Timeframe = timeframe;
        Symbol = symbol;
    }

    public string Text { get; }

    public MarketTimeframe Timeframe { get; }

    /// <summary>With its prefix: <c>tBTCUSD</c>.</summary>
    public string Symbol { get; }

    /// <summary>Without the prefix: <c>BTCUSD</c>.</summary>
    public string Pair => Symbol[1..];

    public static CandleKey For(string timeframe, string pair) => Parse($"trade:{timeframe}:t{pair}");

    public static CandleKey Parse(string text) =>
        TryParse(text, out var key) ? key : throw new FormatException($"'{text}' is not a candles key such as trade:1m:tBTCUSD.");

    public static bool TryParse(string? text, [NotNullWhen(true)] out CandleKey? key)
    {
        key = null;
        var parts = (text ?? "").Split(':', 3);
        if (parts.Length != 3 || parts[0] != "trade" || parts[2].Length < 2 || parts[2][0] is not ('t' or 'f')
            || !MarketTimeframe.TryParse(parts[1], out var timeframe))
        {
            return false;
        }
        key = new CandleKey(text!, timeframe, parts[2]);
        return true;
    }

    public override string ToString() => Text;
}
