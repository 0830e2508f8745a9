using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.WebUtilities;

namespace CandleStream.Server.Access;

/// <summary>
/// Tickets for <c>EventSource</c>, which cannot send headers: each opens one stream, the one with exactly the query it was made for, for
/// ten minutes and as often as needed. The time is written into the sealed text and not left to the framework's time-limited protector,
/// because that one cannot be given a clock.
/// </summary>
internal sealed class StreamTickets(IDataProtectionProvider protection, ApiKeys keys, TimeProvider time)
{
    public const string Parameter = "ticket";

    /// <summary>Where the stream is; a ticket counts nowhere else.</summary>
    public const string StreamPath = "/candles/stream";

    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Names of the query parameter that says where to resume, in lower case: our own, and those that polyfills of <c>EventSource</c> use.
    /// It is not part of what is asked for: it differs at each reconnect.
    /// </summary>
    public static readonly IReadOnlyList<string> LastEventIdNames = ["last_event_id", "lasteventid", "last-event-id"];

    private static readonly string[] FreeParameters = [Parameter, .. LastEventIdNames];

    private readonly IDataProtector _seal = protection.CreateProtector("stream ticket");

    public static bool IsIn(HttpRequest request) =>
        request.Query.ContainsKey(Parameter) && request.Path.Equals(StreamPath, StringComparison.OrdinalIgnoreCase);

    /// <summary>A ticket for the holder of a key and the query of this request.</summary>
    public string Make(HttpRequest request, string keyName, string keyId)
    {
        var head = Encoding.UTF8.GetBytes($"{keyName} {keyId}");
        var text = new byte[sizeof(long) + SHA256.HashSizeInBytes + head.Length];
        BinaryPrimitives.WriteInt64BigEndian(text, (time.GetUtcNow() + Lifetime).ToUnixTimeMilliseconds());
        HashOf(request.QueryString).CopyTo(text.AsSpan(sizeof(long)));
        head.CopyTo(text.AsSpan(sizeof(long) + SHA256.HashSizeInBytes));
        return WebEncoders.Base64UrlEncode(_seal.Protect(text));
    }

    /// <summary>
    /// The key whose holder this request's ticket was made for; null where it is no ticket of ours, is for another query, or is over, or
    /// the key is gone.
    /// </summary>
    public ApiKey? Open(HttpRequest request)
    {
        byte[] text;
        try
        {
            text = _seal.Unprotect(WebEncoders.Base64UrlDecode(request.Query[Parameter].ToString()));
        }
        catch (Exception e) when (e is CryptographicException or FormatException)
        {
            return null;
        }

        if (BinaryPrimitives.ReadInt64BigEndian(text) < time.GetUtcNow().ToUnixTimeMilliseconds()) return null;
        if (!CryptographicOperations.FixedTimeEquals(text.AsSpan(sizeof(long), SHA256.HashSizeInBytes), HashOf(request.QueryString)))
            return null;
        var holder = Encoding.UTF8.GetString(text.AsSpan(sizeof(long) + SHA256.HashSizeInBytes)).Split(' ');
        return keys.Find(holder[0], holder[1]);
    }

    // Names are compared as the stream's own reader does, whatever their case; values and order as they came.
    private static byte[] HashOf(QueryString query)
    {
        var text = new StringBuilder();
        foreach (var pair in new QueryStringEnumerable(query.Value))
        {
            var name = pair.DecodeName().ToString().ToLowerInvariant();
            if (!FreeParameters.Contains(name))
                text.Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(pair.DecodeValue().ToString())).Append('&');
        }

        return SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()));
    }
}
