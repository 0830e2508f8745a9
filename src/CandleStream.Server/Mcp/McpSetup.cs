using System.Text.Json;
using System.Text.Json.Serialization;
using CandleStream.Server.Access;
using CandleStream.Server.Http;
using Microsoft.AspNetCore.Mvc;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace CandleStream.Server.Mcp;

/// <summary>
/// <c>/mcp</c>: the Model Context Protocol over HTTP, for agents and their hosts. Read-only, and without a session: every call stands for
/// itself.
/// </summary>
internal static class McpSetup
{
    public const string Path = "/mcp";

    /// <summary>Bytes of one call; the largest that is needed is a few hundred.</summary>
    private const long MaxCallBytes = 64 * 1024;

    private const string Instructions =
        "Live and past candles (OHLCV bars) of crypto pairs. A series is a symbol and a timeframe, such as BTCUSD:1m. " +
        "Times are Unix milliseconds UTC. Every answer says whether prices are simulated, the state of the feed, and gaps: " +
        "times in gaps are unknown, never take them for a quiet market. A missing candle outside the gaps means that nothing was traded.";

    public static void AddMcp(this WebApplicationBuilder builder)
    {
        // The schema of an answer requires every member, so null is written too: clients check.
        var json = new JsonSerializerOptions(McpJsonUtilities.DefaultOptions)
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            DefaultIgnoreCondition = JsonIgnoreCondition.Never,
        };
        // It warns, with a stack, of each call that a client got wrong: the client is told, and nobody else needs to be.
        builder.Logging.AddFilter("ModelContextProtocol", LogLevel.Error);
        builder.Services.AddScoped<McpCaller>();
        builder.Services.AddMcpServer(server =>
        {
            server.ServerInfo = new Implementation
            {
                Name = "candlestream",
                Title = "CandleStream",
                Version = typeof(McpSetup).Assembly.GetName().Version?.ToString(3) ?? "1"
            };
            server.ServerInstructions = Instructions;
            server.Filters.Request.CallToolFilters.Add(next => (call, cancel) => TellRefusalsAsync(next, call, cancel));
        })
        .WithHttpTransport(transport => transport.Stateless = true)
        .WithTools<CandleTools>(json);
    }

    public static void MapMcp(this IEndpointRouteBuilder routes) => routes.MapGroup(Path)
        .AddEndpointFilter(RefuseOtherSites)
        .AddEndpointFilter((context, next) =>
        {
            context.HttpContext.RequestServices.GetRequiredService<McpCaller>().Share = ClientShare.Of(context.HttpContext);
            return next(context);
        })
        .MapMcp("")
        .WithMetadata(new RequestSizeLimitAttribute(MaxCallBytes))
        .ExcludeFromDescription();

    // An agent corrects itself by what it is told, so a wrong argument is an answer in words.
    private static async ValueTask<CallToolResult> TellRefusalsAsync(
        McpRequestHandler<CallToolRequestParams, CallToolResult> next, RequestContext<CallToolRequestParams> call, CancellationToken cancel)
    {
        try
        {
            return await next(call, cancel);
        }
        catch (Exception e) when (e is ToolRefusedException or JsonException or ArgumentException)
        {
            return new CallToolResult { IsError = true, Content = [new TextContentBlock { Text = e.Message }] };
        }
    }

    // The protocol asks for this: a page of another site must not use a server on its visitor's machine.
    private static ValueTask<object?> RefuseOtherSites(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var request = context.HttpContext.Request;
        var origin = request.Headers.Origin.ToString();
        var isOwn = origin.Length == 0 || origin == $"{request.Scheme}://{request.Host}";
        var allowed = context.HttpContext.RequestServices.GetRequiredService<IConfiguration>().Security().AllowedOrigins;
        return isOwn || allowed.Contains(origin)
            ? next(context)
            : ValueTask.FromResult<object?>(
                Problems.OfStatus(StatusCodes.Status403Forbidden, "Pages of this origin are not listed in Security:AllowedOrigins."));
    }
}

/// <summary>Whose share of the server a call uses up; one per request, filled before the tools run.</summary>
internal sealed class McpCaller
{
    public ClientShare Share { get; set; }
}
