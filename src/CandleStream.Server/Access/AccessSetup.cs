using CandleStream.Server.Hosting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.DataProtection;

namespace CandleStream.Server.Access;

/// <summary>
/// Who may ask what: keys, tickets and sessions, and the two policies that routes name. A route that names none needs
/// <see cref="ReadPolicy"/>.
/// </summary>
internal static class AccessSetup
{
    public const string ReadPolicy = "read";
    public const string AdminPolicy = "admin";
    public const string SessionScheme = "Session";

    private const string SessionCookie = "candlestream-session";
    private const string Chooser = "KeyOrSession";

    public static AccessOptions Security(this IConfiguration configuration) =>
        configuration.GetSection("Security").Get<AccessOptions>() ?? new AccessOptions();

    /// <exception cref="StartRefusedException">The folder for the seals cannot be made.</exception>
    public static void AddAccess(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        var security = builder.Configuration.Security();
        services.AddSingleton<ApiKeys>();
        services.AddHostedService(s => s.GetRequiredService<ApiKeys>());
        services.AddSingleton<StreamTickets>();
        services.AddSingleton<PathTickets>();
        AddSeals(builder, security);

        services.AddAuthentication(Chooser)
            .AddPolicyScheme(Chooser, null, choice => choice.ForwardDefaultSelector = Choose)
            .AddScheme<AuthenticationSchemeOptions, AccessHandler>(AccessHandler.SchemeName, null)
            .AddCookie(SessionScheme, session => Configure(session, security));
        services.Configure<AuthenticationOptions>(o => o.DefaultChallengeScheme = o.DefaultForbidScheme = AccessHandler.SchemeName);
        services.AddAuthorizationBuilder()
            .AddPolicy(ReadPolicy, policy => policy.RequireClaim(AccessHandler.ScopeClaim, nameof(ApiScope.Read)))
            .AddPolicy(AdminPolicy, policy => policy.RequireClaim(AccessHandler.ScopeClaim, nameof(ApiScope.Admin)))
            .SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireClaim(AccessHandler.ScopeClaim, nameof(ApiScope.Read)).Build());
    }

    private static string Choose(HttpContext context) =>
        context.Request.Cookies.ContainsKey(SessionCookie) && !AccessHandler.HasKeyOrTicket(context.Request)
            && context.RequestServices.GetRequiredService<ApiKeys>().AreRequired
            ? SessionScheme
            : AccessHandler.SchemeName;

    private static void Configure(CookieAuthenticationOptions session, AccessOptions security)
    {
        session.Cookie.Name = SessionCookie;
        session.Cookie.HttpOnly = true;
        session.Cookie.SameSite = SameSiteMode.Strict;
        session.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        session.ExpireTimeSpan = security.SessionLifetime;
        // A session lasts as long as its key is in the file.
        session.Events.OnValidatePrincipal = context =>
        {
            var keys = context.HttpContext.RequestServices.GetRequiredService<ApiKeys>();
            if (keys.Find(context.Principal?.Identity?.Name, context.Principal?.FindFirst(AccessHandler.KeyIdClaim)?.Value) is { } key)
                context.ReplacePrincipal(AccessHandler.Admit(context.HttpContext, key));
            else context.RejectPrincipal();
            return Task.CompletedTask;
        };
    }

    private static void AddSeals(WebApplicationBuilder builder, AccessOptions security)
    {
        // Its warnings say that the seals' secrets are files, which is what SealFolder is for, or that they are not, where nothing needs
        // them.
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        var protection = builder.Services.AddDataProtection().SetApplicationName("candlestream");
        if (security.KeyFile is null)
        {
            protection.UseEphemeralDataProtectionProvider();
            return;
        }

        try
        {
            var folder = OperatingSystem.IsWindows()
                ? Directory.CreateDirectory(security.SealFolder)
                : Directory.CreateDirectory(security.SealFolder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            protection.PersistKeysToFileSystem(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartRefusedException($"Security:SealFolder={security.SealFolder} cannot be used: {e.Message}");
        }
    }
}
