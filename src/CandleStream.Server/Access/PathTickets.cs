using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using CandleStream.Server.Setup;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;

namespace CandleStream.Server.Access;

/// <summary>
/// Tickets in the path, <c>/k/TICKET/udf/…</c>, for programs that can be given an address and nothing else. Each opens the routes below one path, for as long as its key lives.
/// </summary>
internal sealed class PathTickets(IDataProtectionProvider protection, ApiKeys keys, IOptions<SecurityOptions> options, TimeProvider time)
{
    private const string Prefix = "/k";

    /// <summary>The paths that a ticket can be made for.</summary>
    public static readonly string[] Paths = ["/udf", "/bitfinex"];

    private readonly IDataProtector _seal = protection.CreateProtector("path ticket");

    public TimeSpan Lifetime => options.Value.PathTicketLifetime;

    /// <summary>Whether the request came with a ticket in its path.</summary>
    public static bool IsIn(HttpContext context) => context.Features.Get<Presented>() is not null;

    /// <summary>When the request's ticket ends, and with it what the request opened; null where it came without one.</summary>
    public static DateTimeOffset? EndOf(HttpContext context) => context.Features.Get<Presented>()?.End;

    /// <summary>Takes the ticket out of the path, so that what follows sees the route's own path and nobody writes the ticket down. Comes before everything that looks at paths.</summary>
    public static void Use(WebApplication app) => app.Use((context, next) =>
    {
        if (context.Request.Path.StartsWithSegments(Prefix, out var rest) && rest.HasValue)
        {
            var (ticket, path) = Split(rest.Value);
            context.Features.Set(new Presented(ticket));
            context.Request.Path = Paths.Any(p => path.StartsWithSegments(p)) ? path : Prefix;
            // The framework wrote the path as it came into the request's trace.
            Activity.Current?.SetTag("url.path", context.Request.Path.Value);
        }

        return next(context);
    });

    /// <summary>A ticket for the holder of a key and one of <see cref="Paths"/>.</summary>
    public string Make(string path, string keyName, string keyId)
    {
        var text = new byte[sizeof(long) + Encoding.UTF8.GetByteCount(path) + Encoding.UTF8.GetByteCount(keyName) + Encoding.UTF8.GetByteCount(keyId) + 2];
        BinaryPrimitives.WriteInt64BigEndian(text, (time.GetUtcNow() + Lifetime).ToUnixTimeMilliseconds());
        Encoding.UTF8.GetBytes($"{keyName} {keyId} {path}", text.AsSpan(sizeof(long)));
        return WebEncoders.Base64UrlEncode(_seal.Protect(text));
    }

    /// <summary>The key whose holder the request's ticket was made for; null where it is no ticket of ours, is for another path, or is over, or the key is gone.</summary>
    public ApiKey? Open(HttpContext context)
    {
        byte[] text;
        try
        {
            text = _seal.Unprotect(WebEncoders.Base64UrlDecode(context.Features.Get<Presented>()?.Ticket ?? ""));
        }
        catch (Exception e) when (e is CryptographicException or FormatException)
        {
            return null;
        }

        var end = DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(text));
        if (end < time.GetUtcNow()) return null;
        context.Features.Get<Presented>()!.End = end;
        var parts = Encoding.UTF8.GetString(text.AsSpan(sizeof(long))).Split(' ');
        return context.Request.Path.StartsWithSegments(parts[2]) ? keys.Find(parts[0], parts[1]) : null;
    }

    private static (string Ticket, PathString Path) Split(string rest)
    {
        var end = rest.IndexOf('/', 1);
        return end < 0 ? (rest[1..], "/") : (rest[1..end], rest[end..]);
    }

    private sealed record Presented(string Ticket)
    {
        /// <summary>When the ticket ends; known once it was opened.</summary>
        public DateTimeOffset? End { get; set; }
    }
}
