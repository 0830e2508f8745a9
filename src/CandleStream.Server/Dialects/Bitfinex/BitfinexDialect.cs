using CandleStream.Server.Http;

namespace CandleStream.Server.Dialects.Bitfinex;

/// <summary>
/// <c>/bitfinex</c>: candles in the exchange's own words, REST and WebSocket, so that a bot written for the exchange runs on this server by
/// changing its address. The dialect has no word for a gap. So a range is answered only where it is verified, and the bot is told to try
/// again elsewhere.
/// </summary>
internal static class BitfinexDialect
{
    public const string Path = "/bitfinex";

    private static readonly string[] Methods = ["GET", "HEAD"];

    /// <summary>A bot whose machine is gone is noticed, also where nothing is sent to it.</summary>
    private static readonly WebSocketOptions Pings =
        new() { KeepAliveInterval = TimeSpan.FromSeconds(15), KeepAliveTimeout = TimeSpan.FromSeconds(30) };

    public static void AddBitfinexDialect(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<ErrorForm, BitfinexErrors>();
        services.AddSingleton<BitfinexCandles>();
        services.AddSingleton<BitfinexConf>();
        services.AddSingleton<BitfinexPassage>();
        services.AddSingleton<BitfinexSockets>();
        services.AddSingleton<DialectMetrics>();
    }

    /// <summary>Lets the dialect's socket be upgraded; no other route pays for it.</summary>
    public static void UseSockets(WebApplication app) =>
        app.UseWhen(context => context.Request.Path.StartsWithSegments(Path), branch => branch.UseWebSockets(Pings));

    public static void MapBitfinexDialect(this IEndpointRouteBuilder routes)
    {
        var v2 = routes.MapGroup(Path + "/v2");
        v2.MapMethods("/candles/{key}/{section}", Methods,
            (HttpContext context, string key, string section, BitfinexCandles candles) => candles.AnswerAsync(context, key, section));
        v2.MapMethods(
            "/conf/{labels}", Methods, (HttpContext context, string labels, BitfinexConf conf) => conf.AnswerAsync(context, labels));
        v2.MapMethods("/platform/status", Methods, (HttpContext context, Doors.CandleDoor door) =>
            BitfinexAnswer.WriteAsync(context, door.IsOperative ? "[1]"u8.ToArray() : "[0]"u8.ToArray()));
        v2.MapMethods("/{**path}", Methods, (HttpContext context, BitfinexPassage passage) => passage.AnswerAsync(context))
            .ExcludeFromDescription();
        routes.MapGet(Path + "/ws/2", (HttpContext context, BitfinexSockets sockets) => sockets.ServeAsync(context))
            .ExcludeFromDescription();
    }
}
