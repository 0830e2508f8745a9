using System.Buffers;
using System.Text.Json;

namespace CandleStream;

/// <summary>The JSON form of a candle; the only place that names its fields. Numbers are exact decimals without exponent.</summary>
public static class CandleJson
{
    private static readonly JsonEncodedText Symbol = JsonEncodedText.Encode("symbol");
    private static readonly JsonEncodedText TimeframeName = JsonEncodedText.Encode("timeframe");
    private static readonly JsonEncodedText Time = JsonEncodedText.Encode("time");
    private static readonly JsonEncodedText Open = JsonEncodedText.Encode("open");
    private static readonly JsonEncodedText High = JsonEncodedText.Encode("high");
    private static readonly JsonEncodedText Low = JsonEncodedText.Encode("low");
    private static readonly JsonEncodedText Close = JsonEncodedText.Encode("close");
    private static readonly JsonEncodedText Volume = JsonEncodedText.Encode("volume");
    private static readonly JsonEncodedText Trades = JsonEncodedText.Encode("trades");
    private static readonly JsonEncodedText QuoteVolume = JsonEncodedText.Encode("quote_volume");
    private static readonly JsonEncodedText TakerBuyVolume = JsonEncodedText.Encode("taker_buy_volume");
    private static readonly JsonEncodedText TakerBuyQuoteVolume = JsonEncodedText.Encode("taker_buy_quote_volume");
    private static readonly JsonEncodedText Closed = JsonEncodedText.Encode("closed");
    private static readonly JsonEncodedText Rev = JsonEncodedText.Encode("rev");

    [ThreadStatic] private static ArrayBufferWriter<byte>? _buffer;
    [ThreadStatic] private static Utf8JsonWriter? _writer;

    /// <summary>Writes <c>{"time":…,…,"rev":…}</c>, as candles stand in lists.</summary>
    public static void Write(Utf8JsonWriter json, in Candle candle)
    {
        json.WriteStartObject();
        WriteFields(json, candle);
        json.WriteEndObject();
    }

    /// <summary>The bytes of <c>{"symbol":…,"timeframe":…,"time":…,…,"rev":…}</c>, as a candle stands alone.</summary>
    public static byte[] Encode(SeriesKey series, in Candle candle)
    {
        var buffer = _buffer ??= new ArrayBufferWriter<byte>(256);
        buffer.ResetWrittenCount();
        var json = _writer ??= new Utf8JsonWriter(buffer);
        json.Reset();
        json.WriteStartObject();
        json.WriteString(Symbol, series.Symbol);
        json.WriteString(TimeframeName, series.Timeframe.Name);
        WriteFields(json, candle);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Writes what the exchange tells of the candle's trades; nothing where it tells nothing.</summary>
    public static void WriteFigures(Utf8JsonWriter json, in TradeFigures figures)
    {
        if (figures.Trades is not { } trades) return;
        json.WriteNumber(Trades, trades);
        if (figures.QuoteVolume is not { } quoteVolume) return;
        json.WriteNumber(QuoteVolume, quoteVolume);
        json.WriteNumber(TakerBuyVolume, figures.TakerBuyVolume!.Value);
        json.WriteNumber(TakerBuyQuoteVolume, figures.TakerBuyQuoteVolume!.Value);
    }

    private static void WriteFields(Utf8JsonWriter json, in Candle candle)
    {
        json.WriteNumber(Time, candle.Time);
        json.WriteNumber(Open, candle.Open);
        json.WriteNumber(High, candle.High);
        json.WriteNumber(Low, candle.Low);
        json.WriteNumber(Close, candle.Close);
        json.WriteNumber(Volume, candle.Volume);
        WriteFigures(json, candle.Figures);
        json.WriteBoolean(Closed, candle.Closed);
        json.WriteNumber(Rev, candle.Rev.Value);
    }
}
