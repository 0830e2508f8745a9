using Microsoft.AspNetCore.Authentication;

namespace CandleStream.Server.Access;

/// <summary><c>POST</c> and <c>DELETE /session</c> for the page.</summary>
internal static class SessionEndpoints
{
    public static void MapSessions(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/session", (Delegate)SignInAsync);
        // A session that is over may be left as well.
        routes.MapDelete("/session", (Delegate)SignOutAsync).AllowAnonymous();
    }

    private static async Task<IResult> SignInAsync(HttpContext context)
    {
        await context.SignInAsync(AccessSetup.SessionScheme, context.User, new AuthenticationProperties { IsPersistent = true });
        return TypedResults.NoContent();
    }

    private static async Task<IResult> SignOutAsync(HttpContext context)
    {
        await context.SignOutAsync(AccessSetup.SessionScheme);
        return TypedResults.NoContent();
    }
}
