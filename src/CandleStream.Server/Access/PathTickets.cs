using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CandleStream.Server.Setup;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;

namespace CandleStream.Server.Access;

/// <summary>
/// Tickets that stand in the path, for pages that can send neither a key nor a cookie: <c>/k/TICKET/embed</c>.
/// Each opens one surface of the server, for the series it was made for, until its key is gone or its time is over.
/// </summary>
internal sealed class PathTickets(IDataProtectionProvider protection, ApiKeys keys, IOptions<SecurityOptions> options, TimeProvider time)
{
    /// <summary>The surface that shows one chart in other people's pages.</summary>
    public const string Embed = "/embed";

    /// <summary>What the path of a request with a ticket begins with.</summary>
    public const string Prefix = "/k";

    /// <summary>What the chart of <see cref="Embed"/> asks for. A path that is not here is not found below <c>/k/</c>.</summary>
    private static readonly string[] EmbedPaths = [Embed, "/candles", StreamTickets.StreamPath, StreamTickets.StreamPath + "/status"];

    private readonly IDataProtector _seal = protection.CreateProtector("path ticket");

    /// <summary>How long a new ticket is good.</summary>
    public TimeSpan Lifetime => options.Value.PathTicketLifetime;

    public static bool IsIn(HttpContext context) => context.Features.Get<PathTicketText>() is not null;

    /// <summary>Takes the ticket off the path, so that routes, logs and traces see <c>/candles</c> and never the ticket; comes before everything that looks at the path.</summary>
    public static Task TakeOffPath(HttpContext context, RequestDelegate next)
    {
        var request = context.Request;
        if (!request.Path.StartsWithSegments(Prefix, out var rest)) return next(context);
        var slash = rest.Value!.IndexOf('/', Math.Min(1, rest.Value.Length));
        if (slash < 0 || !EmbedPaths.Contains(rest.Value[slash..], StringComparer.OrdinalIgnoreCase))
        {
            request.Path = Prefix;
            return next(context);
        }

        context.Features.Set(new PathTicketText(rest.Value[1..slash]));
        request.PathBase = request.PathBase.Add(Prefix);
        request.Path = rest.Value[slash..];
        return next(context);
    }

    /// <summary>A ticket for the holder of a key, for these series of a surface.</summary>
    public string Make(string surface, IReadOnlyList<SeriesKey> series, string keyName, string keyId)
    {
        var ends = (time.GetUtcNow() + Lifetime).ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        var text = string.Join(' ', ends, surface, keyName, keyId, string.Join(',', series));
        return WebEncoders.Base64UrlEncode(_seal.Protect(Encoding.UTF8.GetBytes(text)));
    }

    /// <summary>What this request's ticket opens; null where it is no ticket of ours, its time is over, or its key is gone.</summary>
    public PathTicket? Open(HttpContext context)
    {
        if (context.Features.Get<PathTicketText>() is not { } ticket) return null;
        string[] parts;
        try
        {
            parts = Encoding.UTF8.GetString(_seal.Unprotect(WebEncoders.Base64UrlDecode(ticket.Text))).Split(' ');
        }
        catch (Exception e) when (e is CryptographicException or FormatException)
        {
            return null;
        }

        var ends = DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(parts[0], CultureInfo.InvariantCulture));
        if (ends < time.GetUtcNow() || keys.Find(parts[2], parts[3]) is not { } holder) return null;
        return new PathTicket(holder, ends, parts[4].Split(',').Select(SeriesKey.Parse).ToHashSet());
    }

    private sealed record PathTicketText(string Text);
}
