using System.Globalization;
using System.Text;
using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator.Kraken;

/// <summary>
/// Writes what Kraken sends (Kraken docs, websocket-v2 and get-ohlc-data): JSON numbers on the socket, texts over REST.
/// </summary>
internal static class KrakenText
{
    /// <summary>A row of the socket.</summary>
    public static string Row(in KrakenBar bar, string symbol, MarketTimeframe timeframe, KrakenTexts? spoiled = null)
    {
        var (candle, texts) = (bar.Candle, spoiled ?? KrakenTexts.Of(bar.Candle));
        return string.Create(CultureInfo.InvariantCulture,
            $$"""{"symbol":"{{symbol}}","open":{{Plain(candle.Open)}},"high":{{texts.High}},"low":{{Plain(candle.Low)}},"close":{{texts.Close}},"trades":{{bar.Trades}},"volume":{{texts.Volume}},"vwap":{{Plain(Middle(candle))}},"interval_begin":"{{Time(candle.Time)}}000000Z","interval":{{KrakenSymbols.IntervalOf(timeframe)}},"timestamp":"{{Time(timeframe.Next(candle.Time))}}000Z"}""");
    }

    /// <summary>A row of REST, <c>[t,"o","h","l","c","vwap","v",n]</c>, the time in seconds.</summary>
    public static string RestRow(in KrakenBar bar, KrakenTexts? spoiled = null)
    {
        var (candle, texts) = (bar.Candle, spoiled ?? KrakenTexts.Of(bar.Candle));
        var middle = bar.Trades == 0 ? "0.0" : Plain(Middle(candle));
        return string.Create(CultureInfo.InvariantCulture,
            $"[{candle.Time / 1000},\"{Plain(candle.Open)}\",{Quoted(texts.High)},\"{Plain(candle.Low)}\",{Quoted(texts.Close)},\"{middle}\",{Quoted(texts.Volume)},{bar.Trades}]");
    }

    /// <summary>A frame of candles; <c>snapshot</c> or <c>update</c>.</summary>
    public static byte[] Frame(string type, IEnumerable<string> rows, long time) => Encoding.UTF8.GetBytes(
        $$"""{"channel":"ohlc","type":"{{type}}","timestamp":"{{Time(time)}}000000Z","data":[{{string.Join(',', rows)}}]}""");

    public static byte[] Heartbeat { get; } = """{"channel":"heartbeat"}"""u8.ToArray();

    public static byte[] Status(string system) => Encoding.UTF8.GetBytes(
        $$"""{"channel":"status","type":"update","data":[{"version":"2.0.10","system":"{{system}}","api_version":"v2","connection_id":16174536464690282295,"upcoming_maintenance":[],"emergency":[],"simulator":"CandleStream"}]}""");

    public static byte[] Subscribed(string symbol, int interval, string? id, long time) => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"method":"subscribe",{{Id(id)}}"result":{"channel":"ohlc","interval":{{interval}},"snapshot":true,"symbol":"{{symbol}}","warnings":["timestamp is deprecated, use interval_begin"]},"success":true,{{Times(time)}}}"""));

    public static byte[] Unsubscribed(string symbol, int interval, string? id, long time) => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"method":"unsubscribe",{{Id(id)}}"result":{"channel":"ohlc","interval":{{interval}},"symbol":"{{symbol}}"},"success":true,{{Times(time)}}}"""));

    public static byte[] Refused(string method, string? symbol, string error, string? id, long time) => Encoding.UTF8.GetBytes(
        $$"""{"error":"{{error}}","method":"{{method}}",{{Id(id)}}"success":false,{{(symbol is null ? "" : $"\"symbol\":\"{symbol}\",")}}{{Times(time)}}}""");

    public static byte[] Pong(string? id, long time) => Encoding.UTF8.GetBytes($$"""{"method":"pong",{{Id(id)}}{{Times(time)}}}""");

    public static string Plain(decimal value) => value.ToString("0.0########", CultureInfo.InvariantCulture);

    private static string Id(string? id) => id is null ? "" : $"\"req_id\":{id},";

    private static string Times(long time) => $"\"time_in\":\"{Time(time)}000Z\",\"time_out\":\"{Time(time)}000Z\"";

    private static string Time(long time) =>
        DateTimeOffset.FromUnixTimeMilliseconds(time).ToString("yyyy-MM-ddTHH:mm:ss.fff", CultureInfo.InvariantCulture);

    private static string Quoted(string text) => text.StartsWith('"') || text == "null" ? text : $"\"{text}\"";

    private static decimal Middle(in MarketCandle candle) => decimal.Round((candle.High + candle.Low) / 2, 8);
}

/// <summary>A bar and the number of its trades.</summary>
internal readonly record struct KrakenBar(MarketCandle Candle, long Trades)
{
    /// <summary>The flat bar of an interval without a trade.</summary>
    public static KrakenBar Flat(long time, decimal close) => new(new MarketCandle(time, close, close, close, close, 0), 0);
}

/// <summary>The texts of a bar that faults change.</summary>
internal sealed record KrakenTexts(string High, string Close, string Volume)
{
    public static KrakenTexts Of(in MarketCandle candle) =>
        new(KrakenText.Plain(candle.High), KrakenText.Plain(candle.Close), KrakenText.Plain(candle.Volume));
}
