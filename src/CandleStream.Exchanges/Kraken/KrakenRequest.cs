using System.Globalization;
using System.Text;

namespace CandleStream.Exchanges.Kraken;

/// <summary>The messages we send. Names of symbols hold nothing that JSON would escape.</summary>
internal static class KrakenRequest
{
    /// <summary>Asks for candles of symbols, with the newest ones first of all.</summary>
    public static byte[] Subscribe(IEnumerable<string> symbols, int interval, long id) =>
        Write("subscribe", symbols, interval, id, ""","snapshot":true""");

    public static byte[] Unsubscribe(IEnumerable<string> symbols, int interval, long id) => Write("unsubscribe", symbols, interval, id, "");

    /// <summary>Answered with the exchange's time.</summary>
    public static byte[] Ping(long id) =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"method":"ping","req_id":{{id}}}"""));

    private static byte[] Write(string method, IEnumerable<string> symbols, int interval, long id, string more) =>
        Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $$$"""{"method":"{{{method}}}","params":{"channel":"ohlc","symbol":[{{{string.Join(',', symbols.Select(s => $"\"{s}\""))}}}],"interval":{{{interval}}}{{{more}}}},"req_id":{{{id}}}}"""));
}
