namespace CandleStream.Server.Symbols;

/// <summary>What can be read from a symbol's name, and which names are close to each other.</summary>
internal static class SymbolNames
{
    // The currencies that Binance's spot market prices in, as far as they do not end in one another.
    private static readonly string[] Quotes =
    [
        "USDT", "FDUSD", "USDC", "TUSD", "BUSD", "USD1", "USDP", "BTC", "ETH", "BNB", "TRY", "EUR", "BRL", "JPY", "GBP", "AUD", "MXN", "PLN",
        "ARS", "ZAR", "IDR", "UAH", "RUB", "DAI", "XRP", "TRX", "DOGE", "DOT",
    ];

    /// <summary>
    /// Splits at the colon, else before the last three letters: six-letter pairs carry none (Bitfinex docs, "Symbols"). Some
    /// exchanges write a slash, others nothing, and quote currencies have names of different lengths.
    /// </summary>
    public static (string Base, string Quote) Split(string symbol)
    {
        var (exchange, pair) = Exchange.Split(symbol);
        if (exchange.WritesSlash && pair.Split('/') is [var main, var other]) return (main, other);
        if (exchange != Exchange.Bitfinex)
        {
            var quote = Quotes.FirstOrDefault(q => pair.Length > q.Length && pair.EndsWith(q, StringComparison.Ordinal)) ?? "";
            return (pair[..^quote.Length], quote);
        }

        var colon = symbol.IndexOf(':', StringComparison.Ordinal);
        if (colon >= 0) return (symbol[..colon], symbol[(colon + 1)..]);
        return symbol.Length > 3 ? (symbol[..^3], symbol[^3..]) : (symbol, "");
    }

    /// <summary>
    /// At most five names that a person may have meant: the same start, or at most two letters added, left out, changed or swapped; best
    /// first. Those of the symbol's own exchange come before those of others, which may call the same pair otherwise.
    /// </summary>
    public static IReadOnlyList<string> Close(string symbol, IEnumerable<string> names)
    {
        var (own, pair) = Exchange.Split(symbol);
        return
        [
            .. names.Select(name => (name, Exchange.Split(name).Exchange, Exchange.Split(name).Pair))
                .Select(n => (n.name, n.Exchange, n.Pair, distance: Distance(pair, n.Pair)))
                .Where(n => n.distance <= 2 || n.Pair.StartsWith(pair, StringComparison.Ordinal)
                    || pair.StartsWith(n.Pair, StringComparison.Ordinal))
                .OrderBy(n => n.Exchange == own ? 0 : 1).ThenBy(n => n.distance).ThenBy(n => n.name, StringComparer.Ordinal)
                .Take(5).Select(n => n.name),
        ];
    }

    /// <summary>The number of letters to add, leave out, change or swap with the next one to get from one name to the other.</summary>
    private static int Distance(string a, string b)
    {
        var before = new int[b.Length + 1];
        var last = new int[b.Length + 1];
        var row = new int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++) last[j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var change = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                row[j] = Math.Min(change, Math.Min(last[j], row[j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = Math.Min(row[j], before[j - 2] + 1);
            }

            (before, last, row) = (last, row, before);
        }

        return last[b.Length];
    }
}
