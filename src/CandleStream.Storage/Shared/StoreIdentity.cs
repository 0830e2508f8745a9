namespace CandleStream.Storage.Shared;

/// <summary>The checks that a store is ours and holds the candles of the right exchange; the same for every database.</summary>
internal static class StoreIdentity
{
    /// <summary>What the meta table says of a store that we made.</summary>
    public const string Product = "CandleStream";

    /// <summary>Names in the meta table.</summary>
    public const string ProductName = "product", SourceName = "source", SymbolsName = "symbols";

    /// <summary>What the names of notes begin with.</summary>
    public const string NotePrefix = "note:";

    /// <summary>Refuses a database with tables that we did not make.</summary>
    public static void RefuseForeign(string store, IEnumerable<string> tables)
    {
        var shown = string.Join(", ", tables.Order(StringComparer.Ordinal).Take(3));
        throw new StoreRefusedException(
            $"{store} belongs to another program (it has tables such as {shown}): give CandleStream a database of its own.");
    }

    /// <summary>Refuses candles of another source.</summary>
    public static void CheckSource(string store, string recorded, string wanted)
    {
        if (!string.Equals(recorded, wanted, StringComparison.Ordinal))
            throw new StoreRefusedException(
                $"{store} holds candles of '{recorded}', not of '{wanted}': prices of different sources never mix, so use another store.");
    }
}
