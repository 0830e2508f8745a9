namespace CandleStream.Server.Symbols;

/// <summary>Knows which symbols can be asked for.</summary>
public interface ISymbolDirectory
{
    /// <summary>Looks a well-formed symbol up in memory; never waits. A miss makes the directory ask the exchange again soon.</summary>
    SymbolCheck Check(string symbol);

    /// <summary>The symbols of the last lists, sorted, one exchange after another; empty where none was ever seen.</summary>
    IReadOnlyList<string> Symbols { get; }

    /// <summary>The symbols of an exchange's last list, sorted; empty where none was ever seen, or where it is switched off.</summary>
    IReadOnlyList<string> SymbolsOf(Exchange exchange) => [.. Symbols.Where(s => Exchange.Split(s).Exchange == exchange)];
}

/// <summary>What the directory says about a symbol.</summary>
public enum SymbolStanding
{
    /// <summary>The exchange lists it, or the store holds candles of it.</summary>
    Listed,

    /// <summary>A list was seen and it is not on it: answered 404.</summary>
    Unknown,

    /// <summary>No list of its exchange was ever seen: accepted, a refusal by the exchange becomes state <c>down</c>.</summary>
    NotKnownYet,
}

/// <summary>The standing of a symbol.</summary>
/// <param name="Standing">Whether it may be asked for.</param>
/// <param name="Matches">Listed symbols close to an unknown one, best first; empty otherwise.</param>
public readonly record struct SymbolCheck(SymbolStanding Standing, IReadOnlyList<string> Matches);
