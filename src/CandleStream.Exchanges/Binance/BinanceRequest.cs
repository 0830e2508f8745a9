using System.Globalization;
using System.Text;

namespace CandleStream.Exchanges.Binance;

/// <summary>The messages we send. Names of streams hold nothing that JSON would escape.</summary>
internal static class BinanceRequest
{
    public static byte[] Subscribe(IEnumerable<string> streams, long id) => Write("SUBSCRIBE", streams, id);

    public static byte[] Unsubscribe(IEnumerable<string> streams, long id) => Write("UNSUBSCRIBE", streams, id);

    /// <summary>Answered with what is subscribed: a sign of life of the exchange itself, not only of the machine in front of it.</summary>
    public static byte[] ListSubscriptions(long id) =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"method":"LIST_SUBSCRIPTIONS","id":{{id}}}"""));

    private static byte[] Write(string method, IEnumerable<string> streams, long id) => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"method":"{{method}}","params":[{{string.Join(',', streams.Select(s => $"\"{s}\""))}}],"id":{{id}}}"""));
}
