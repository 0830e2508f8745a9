using CandleStream.Server.Access;
using CandleStream.Server.Candles;
using CandleStream.Server.Commands;
using CandleStream.Server.Configuration;
using CandleStream.Server.Dialects.Bitfinex;
using CandleStream.Server.History;
using CandleStream.Server.Hosting;
using CandleStream.Server.Http;
using CandleStream.Server.Limits;
using CandleStream.Server.Mcp;
using CandleStream.Server.OpenApi;
using CandleStream.Server.Operations;
using CandleStream.Server.Streams;
using CandleStream.Server.Symbols;
using CandleStream.Server.Udf;

namespace CandleStream.Server;

/// <summary>The server's contents page: one line per feature, details elsewhere.</summary>
public static class Program
{
    public static Task<int> Main(string[] args) =>
        CommandLine.RunAsync(args, (arguments, configure) => BuildAsync(arguments, configure: configure));

    /// <summary>The server as its settings ask for it, not started yet.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="time">Another clock than the machine's, for tests.</param>
    /// <param name="configure">Called last, before the server is built.</param>
    /// <exception cref="StartRefusedException">A setting is unknown or not allowed.</exception>
    internal static async Task<WebApplication> BuildAsync(
        ServerArguments arguments, TimeProvider? time = null, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = arguments.CreateBuilder();
        builder.AddLifetime();                  // how the process starts and ends
        builder.AddLog();                       // readable lines, or JSON
        builder.AddServerSettings(time);        // every section checked, then bound to its class
        await builder.AddDemoExchangeAsync();   // --demo: the built-in simulator instead of the exchange
        builder.AddCandleStore();               // SQLite, or PostgreSQL where DATABASE_URL is set; its writer
        builder.AddCandleStreaming();           // Bitfinex socket → series hubs; history beside them
        builder.AddSymbolDirectory();           // which symbols can be asked for
        builder.AddCandleStreamSse();           // hubs → clients' sockets
        builder.AddListeners();                 // where it may listen, for how many
        builder.AddAccess();                    // keys, tickets, sessions; which of them opens what
        builder.AddRequestLimits();             // requests per key or address
        builder.AddHealth();                    // what readiness is made of
        builder.AddMetrics();                   // counters and histograms, for Prometheus and OTLP
        builder.AddDoors();                     // other people's programs: TradingView, agents, bots
        builder.AddApi();                       // what every route shares: JSON, errors, headers, compression
        builder.AddApiDocs();                   // OpenAPI
        configure?.Invoke(builder);

        var app = builder.Build();
        app.UseApi();
        var api = app.MapGroup("").RequireRateLimiting(RequestLimits.Policy);
        api.MapCandleStream();                  // GET /candles/stream
        api.MapCandleStreamStatus();            // GET /candles/stream/status
        api.MapCandleHistory();                 // GET /candles
        api.MapSymbols();                       // GET /symbols, /timeframes
        api.MapUdf();                           // GET /udf/…, /widgets.json
        api.MapBitfinexDialect();               // GET /bitfinex/v2/…, its WebSocket /bitfinex/ws/2
        api.MapMcp();                           // POST /mcp: tools for agents
        api.MapTickets();                       // POST /candles/stream/ticket, /tickets
        api.MapSessions();                      // POST, DELETE /session
        api.MapApiDocs();                       // GET /openapi/v1.json, /docs
        app.MapHealth();                        // GET /health/live, /health/ready
        app.MapMetrics();                       // GET /metrics
        app.MapPage();                          // GET /: the chart
        return app;
    }
}
