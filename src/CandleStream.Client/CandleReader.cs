using System.Text.Json;

namespace CandleStream.Client;

/// <summary>Reads candles from the API's JSON.</summary>
internal static class CandleReader
{
    private const int Fields = 8;

    /// <exception cref="FormatException">A field is missing: half a candle must not pass for one with zeros.</exception>
    public static Candle Read(JsonElement json)
    {
        var (candle, fields) = Over(json, default);
        return fields == Fields ? candle : throw new FormatException($"A candle has {Fields} fields, this one {fields}.");
    }

    /// <summary>The fields that are there, over a candle that supplies the others, and how many there were.</summary>
    public static (Candle Candle, int Fields) Over(JsonElement json, Candle candle)
    {
        var fields = 0;
        foreach (var field in json.EnumerateObject())
        {
            fields++;
            switch (field.Name)
            {
                case "time": candle = candle with { Time = field.Value.GetInt64() }; break;
                case "open": candle = candle with { Open = field.Value.GetDecimal() }; break;
                case "high": candle = candle with { High = field.Value.GetDecimal() }; break;
                case "low": candle = candle with { Low = field.Value.GetDecimal() }; break;
                case "close": candle = candle with { Close = field.Value.GetDecimal() }; break;
                case "volume": candle = candle with { Volume = field.Value.GetDecimal() }; break;
                case "closed": candle = candle with { Closed = field.Value.GetBoolean() }; break;
                case "rev": candle = candle with { Rev = new Rev(field.Value.GetInt64()) }; break;
                default: fields--; break;
            }
        }

        return (candle, fields);
    }
}
