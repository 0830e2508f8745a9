using System.Text.Json;

namespace CandleStream.Client;

/// <summary>Reads candles from the API's JSON.</summary>
internal static class CandleReader
{
    public static (SeriesKey Series, Candle Candle) ReadUpdate(JsonElement json) =>
        (new SeriesKey(json.GetProperty("symbol").GetString()!, Timeframe.Parse(json.GetProperty("timeframe").GetString()!)), Read(json));

    public static Candle Read(JsonElement json) => Over(json, default);

    /// <summary>The fields that are there, over a candle that supplies the others.</summary>
    public static Candle Over(JsonElement json, Candle candle)
    {
        foreach (var field in json.EnumerateObject())
        {
            candle = field.Name switch
            {
                "time" => candle with { Time = field.Value.GetInt64() },
                "open" => candle with { Open = field.Value.GetDecimal() },
                "high" => candle with { High = field.Value.GetDecimal() },
                "low" => candle with { Low = field.Value.GetDecimal() },
                "close" => candle with { Close = field.Value.GetDecimal() },
                "volume" => candle with { Volume = field.Value.GetDecimal() },
                "closed" => candle with { Closed = field.Value.GetBoolean() },
                "rev" => candle with { Rev = field.Value.GetInt64() },
                _ => candle,
            };
        }

        return candle;
    }
}
