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
        long? trades = null;
        decimal? quoteVolume = null, takerBuyVolume = null, takerBuyQuoteVolume = null;
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
                default:
                    fields--;
                    ReadFigure(field);
                    break;
            }
        }

        if (trades is not null)
            candle = candle with { Figures = TradeFigures.Of(trades, quoteVolume, takerBuyVolume, takerBuyQuoteVolume) };
        return (candle, fields);

        // What some exchanges tell besides; a change tells all of them. A candle is one without them, too.
        void ReadFigure(JsonProperty field)
        {
            if (field.Value.ValueKind != JsonValueKind.Number) return;
            switch (field.Name)
            {
                case "trades" when field.Value.TryGetInt64(out var count): trades = count; break;
                case "quote_volume" when field.Value.TryGetDecimal(out var quote): quoteVolume = quote; break;
                case "taker_buy_volume" when field.Value.TryGetDecimal(out var bought): takerBuyVolume = bought; break;
                case "taker_buy_quote_volume" when field.Value.TryGetDecimal(out var boughtQuote): takerBuyQuoteVolume = boughtQuote; break;
            }
        }
    }
}
