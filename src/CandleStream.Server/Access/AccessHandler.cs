using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace CandleStream.Server.Access;

/// <summary>
/// Who is asking: the holder of a key (<c>X-API-Key</c>, <c>Authorization: Bearer</c>), of a ticket for this very stream or in the path, or
/// anybody where no keys are configured.
/// </summary>
internal sealed class AccessHandler(
    ApiKeys keys,
    StreamTickets tickets,
    PathTickets pathTickets,
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory loggers,
    UrlEncoder encoder) : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    public const string SchemeName = "Key";
    public const string ScopeClaim = "scope";
    public const string KeyIdClaim = "key_id";

    private const string KeyHeader = "X-API-Key";
    private const string Bearer = "Bearer ";

    /// <summary>Whether the request says itself who asks, so that a session's cookie does not count.</summary>
    public static bool HasKeyOrTicket(HttpRequest request) =>
        KeyIn(request) is not null || StreamTickets.IsIn(request) || PathTickets.IsIn(request.HttpContext);

    /// <summary>What is known of the holder of a key from here on; the key's limits and its end apply to the request.</summary>
    public static ClaimsPrincipal Admit(HttpContext context, ApiKey key)
    {
        context.Features.Set(key);
        return PrincipalOf(key.Name, key.Id, key.Scope);
    }

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (!keys.AreRequired) return Succeed(PrincipalOf("anybody", "", ApiScope.Admin));
        // A ticket in the path opens what it was made for and nothing else, whatever else came along.
        if (PathTickets.IsIn(Context)) return AdmitByPath();
        if (KeyIn(Request) is { } text)
        {
            return keys.Find(text) is { } key
                ? Succeed(Admit(Context, key))
                : Task.FromResult(AuthenticateResult.Fail("There is no such key."));
        }

        if (!StreamTickets.IsIn(Request)) return Task.FromResult(AuthenticateResult.NoResult());
        return tickets.Open(Request) is { } holder
            ? Succeed(Admit(Context, holder))
            : Task.FromResult(AuthenticateResult.Fail("The ticket is for another query, or it has expired."));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers.WWWAuthenticate = "Bearer";
        Response.StatusCode = StatusCodes.Status401Unauthorized;
        return Task.CompletedTask;
    }

    private Task<AuthenticateResult> AdmitByPath()
    {
        if (pathTickets.Open(Context) is not { } ticket)
            return Task.FromResult(AuthenticateResult.Fail("There is no such ticket, it has expired, or its key is gone."));

        Context.Features.Set(ticket);
        return Succeed(Admit(Context, ticket.Holder));
    }

    // Other kinds of Authorization are a proxy's, which asks for a password of its own.
    private static string? KeyIn(HttpRequest request)
    {
        if (request.Headers.TryGetValue(KeyHeader, out var header)) return header.ToString();
        var authorization = request.Headers.Authorization.ToString();
        return authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? authorization[Bearer.Length..].Trim() : null;
    }

    // Who is admin reads as well.
    private static ClaimsPrincipal PrincipalOf(string name, string keyId, ApiScope scope)
    {
        var claims = new List<Claim> { new(ClaimTypes.Name, name), new(KeyIdClaim, keyId) };
        for (var s = ApiScope.Read; s <= scope; s++) claims.Add(new Claim(ScopeClaim, s.ToString()));
        return new ClaimsPrincipal(new ClaimsIdentity(claims, SchemeName));
    }

    private static Task<AuthenticateResult> Succeed(ClaimsPrincipal principal) =>
        Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(principal, SchemeName)));
}
