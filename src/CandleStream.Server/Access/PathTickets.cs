using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;

namespace CandleStream.Server.Access;

/// <summary>
/// Tickets that stand in the path, <c>/k/TICKET/udf/…</c>, for programs and pages that can be given an address and nothing else.
/// Each opens one door of the server until its key is gone or its time is over; one for <c>/embed</c> opens it for the series it was made
/// for.
/// </summary>
internal sealed class PathTickets(IDataProtectionProvider protection, ApiKeys keys, IOptions<AccessOptions> options, TimeProvider time)
{
    /// <summary>The door that shows one chart in other people's pages.</summary>
    public const string Embed = "/embed";

    /// <summary>What the path of a request with a ticket begins with.</summary>
    public const string Prefix = "/k";

    /// <summary>The doors that a ticket can be made for. All but <see cref="Embed"/> open whatever lies below them.</summary>
    public static readonly string[] Doors = [Embed, "/udf", "/bitfinex"];

    /// <summary>What the chart of <see cref="Embed"/> asks for: a ticket for it opens these and nothing below them.</summary>
    private static readonly string[] EmbedPaths = [Embed, "/candles", StreamTickets.StreamPath, StreamTickets.StreamPath + "/status"];

    private readonly IDataProtector _seal = protection.CreateProtector("path ticket");

    /// <summary>How long a new ticket is good.</summary>
    public TimeSpan Lifetime => options.Value.PathTicketLifetime;

    /// <summary>Whether the request came with a ticket in its path.</summary>
    public static bool IsIn(HttpContext context) => context.Features.Get<Presented>() is not null;

    /// <summary>True where the request's ticket stands in a page for everybody: its readers are no one client.</summary>
    public static bool IsPublic(HttpContext context) => context.Features.Get<Presented>()?.Door == Embed;

    /// <summary>
    /// Takes the ticket off the path, so that routes, logs and traces see the route's own path and never the ticket. Comes before
    /// everything that looks at the path.
    /// </summary>
    public static Task TakeOffPath(HttpContext context, RequestDelegate next)
    {
        var request = context.Request;
        if (!request.Path.StartsWithSegments(Prefix, out var rest)) return next(context);
        var (ticket, path) = Split(rest.Value ?? "");
        if (DoorOf(path) is { } door)
        {
            context.Features.Set(new Presented(ticket, door));
            request.Path = path;
        }
        else
        {
            request.Path = Prefix;
        }

        // The framework wrote the path as it came into the request's trace.
        Activity.Current?.SetTag("url.path", request.Path.Value);
        return next(context);
    }

    /// <summary>A ticket for the holder of a key and one of <see cref="Doors"/>.</summary>
    /// <param name="door">What it opens.</param>
    /// <param name="series">The series it is for; none: all.</param>
    /// <param name="keyName">The key's name.</param>
    /// <param name="keyId">The key's id.</param>
    public string Make(string door, IReadOnlyList<SeriesKey> series, string keyName, string keyId)
    {
        var ends = (time.GetUtcNow() + Lifetime).ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        var text = string.Join(' ', ends, door, keyName, keyId, string.Join(',', series));
        return WebEncoders.Base64UrlEncode(_seal.Protect(Encoding.UTF8.GetBytes(text)));
    }

    /// <summary>
    /// What this request's ticket opens; null where it is no ticket of ours, is for another door, its time is over, or its key is gone.
    /// </summary>
    public PathTicket? Open(HttpContext context)
    {
        if (context.Features.Get<Presented>() is not { } presented) return null;
        string[] parts;
        try
        {
            parts = Encoding.UTF8.GetString(_seal.Unprotect(WebEncoders.Base64UrlDecode(presented.Ticket))).Split(' ');
        }
        catch (Exception e) when (e is CryptographicException or FormatException)
        {
            return null;
        }

        var ends = DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(parts[0], CultureInfo.InvariantCulture));
        if (ends < time.GetUtcNow() || parts[1] != presented.Door || keys.Find(parts[2], parts[3]) is not { } holder) return null;
        return new PathTicket(holder, ends, parts[4].Length == 0 ? null : parts[4].Split(',').Select(SeriesKey.Parse).ToHashSet());
    }

    private static string? DoorOf(PathString path) =>
        EmbedPaths.Contains(path.Value, StringComparer.OrdinalIgnoreCase)
            ? Embed
            : Doors.FirstOrDefault(d => d != Embed && path.StartsWithSegments(d));

    private static (string Ticket, PathString Path) Split(string rest)
    {
        var end = rest.IndexOf('/', Math.Min(1, rest.Length));
        return end < 0 ? ("", "/") : (rest[1..end], rest[end..]);
    }

    private sealed record Presented(string Ticket, string Door);
}
