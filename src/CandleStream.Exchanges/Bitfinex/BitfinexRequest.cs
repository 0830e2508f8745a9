using System.Globalization;
using System.Text;

namespace CandleStream.Exchanges.Bitfinex;

/// <summary>The messages we send. Keys hold nothing that JSON would escape: a series' symbol is letters, digits and a colon.</summary>
internal static class BitfinexRequest
{
    /// <summary>The exchange's name of a series. Source: Bitfinex documentation, ws-public-candles, "key".</summary>
    public static string KeyOf(SeriesKey series) => $"trade:{series.Timeframe.Name}:t{series.Pair}";

    public static byte[] Configure(ConfFlags flags) =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"event":"conf","flags":{{(int)flags}}}"""));

    /// <summary>Answered with the exchange's time.</summary>
    public static byte[] Ping() => """{"event":"ping","cid":1}"""u8.ToArray();

    public static byte[] Subscribe(string key) =>
        Encoding.UTF8.GetBytes($$"""{"event":"subscribe","channel":"candles","key":"{{key}}"}""");

    public static byte[] Unsubscribe(int channelId) =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"event":"unsubscribe","chanId":{{channelId}}}"""));
}
