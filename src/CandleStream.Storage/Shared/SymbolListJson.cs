using System.Text.Json;

namespace CandleStream.Storage.Shared;

/// <summary>The symbol list as one value of the meta table: it is only ever read and replaced whole.</summary>
internal static class SymbolListJson
{
    public static string Write(SymbolList symbols) => JsonSerializer.Serialize(symbols);

    public static SymbolList? Read(string? json) => json is null ? null : JsonSerializer.Deserialize<SymbolList>(json);
}
