using System.Net;
using CandleStream.EndToEndTests.Proxies;
using CandleStream.Providers;
using CandleStream.Server.Streams;
using CandleStream.Server.Streams.Sending;
using CandleStream.Server.Streams.Sockets;
using CandleStream.Server.Symbols;
using CandleStream.Streaming;
using CandleStream.Streaming.Series;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CandleStream.EndToEndTests.Stream;

/// <summary>How a <see cref="StreamHost"/> differs from the default.</summary>
internal sealed record StreamHostOptions
{
    /// <summary>Keys of section <c>Streaming</c>.</summary>
    public Dictionary<string, string?> Settings { get; init; } = [];

    public StreamingOptions Streaming { get; init; } = new();

    public HttpProtocols Protocols { get; init; } = HttpProtocols.Http1;

    public Action<ListenOptions>? Listen { get; init; }

    public Action<WebApplication>? Use { get; init; }

    public FakeExchange Exchange { get; init; } = new();

    public ISymbolDirectory Symbols { get; init; } = new AnySymbol();

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>What the proxy in front, if any, lets be silent; null: as its recipe says. Whole seconds.</summary>
    public TimeSpan? ProxyTimeLimit { get; init; }
}

/// <summary>The stream route on a real server and a real port, with the real hub and senders; only the exchange is the test's.</summary>
internal sealed class StreamHost : IAsyncDisposable
{
    /// <summary>Where a host says which one it is.</summary>
    private const string NamePath = "/name-of-this-host";

    private readonly WebApplication _app;
    private readonly string _name;

    private StreamHost(WebApplication app, string name, FakeExchange exchange, UpdateLog log, ErrorLog errors) =>
        (_app, _name, Exchange, Log, Errors) = (app, name, exchange, log, errors);

    public FakeExchange Exchange { get; }

    /// <summary>Every update the hubs published: the truth clients are compared with.</summary>
    public UpdateLog Log { get; }

    /// <summary>Errors that the server logged.</summary>
    public ErrorLog Errors { get; }

    /// <summary>Where clients connect to: the server, or the proxy in front.</summary>
    public Uri Address => Proxy?.Address ?? new(_app.Urls.Single());

    /// <summary>The proxy in front; null where there is none.</summary>
    public ProxyProcess? Proxy { get; private set; }

    public bool IsHttp2 { get; private init; }

    /// <summary>Clients of this host ask for gzip.</summary>
    public bool IsGzip { get; set; }

    public CandleStreamService Service => _app.Services.GetRequiredService<CandleStreamService>();

    public StreamCounters Counters => _app.Services.GetRequiredService<StreamCounters>();

    public StreamLimiter Limiter => _app.Services.GetRequiredService<StreamLimiter>();

    public static async Task<StreamHost> StartAsync(StreamHostOptions? options = null)
    {
        options ??= new StreamHostOptions();
        var (log, errors) = (new UpdateLog(), new ErrorLog());
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = "Test" });
        builder.Logging.ClearProviders().AddProvider(errors);
        builder.Configuration.AddInMemoryCollection(options.Settings.Select(s => KeyValuePair.Create("Streaming:" + s.Key, s.Value)));
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = options.Protocols;
            options.Listen?.Invoke(listen);
        }));
        builder.Services.AddSingleton(options.Time);
        builder.Services.AddSingleton<ICandleProvider>(options.Exchange);
        builder.Services.AddSingleton(options.Symbols);
        var revs = new RevCounter(options.Time);
        builder.Services.AddSingleton(services => new HistoryFill(
            options.Exchange, EmptyStore.Archive(), revs, options.Time, services.GetRequiredService<ILogger<HistoryFill>>()));
        builder.Services.AddSingleton(services => new CandleStreamService(
            options.Exchange, EmptyStore.Archive(), services.GetRequiredService<HistoryFill>(), [log], revs, options.Streaming,
            options.Time,
            services.GetRequiredService<ILoggerFactory>()));
        builder.Services.AddSingleton<ISeriesHome>(services => services.GetRequiredService<CandleStreamService>());
        builder.Services.AddSingleton(services => new SeriesJoiner(services.GetRequiredService<ISeriesHome>(), options.Streaming));
        builder.Services.AddOptions<SendingOptions>().BindConfiguration(SendingOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.AddCandleStreamSse();
        var (app, name) = (builder.Build(), Guid.NewGuid().ToString());
        app.Use((context, next) => context.Request.Path == NamePath ? context.Response.WriteAsync(name) : next(context));
        options.Use?.Invoke(app);
        app.MapCandleStream();
        await app.StartAsync();
        return new StreamHost(app, name, options.Exchange, log, errors) { IsHttp2 = options.Protocols == HttpProtocols.Http2 };
    }

    /// <summary>A host whose streams take the given way.</summary>
    public static async Task<StreamHost> StartAsync(StreamPath path, StreamHostOptions? options = null)
    {
        options ??= new StreamHostOptions();
        if (PlainOf(path) is { } plain)
        {
            var host = await StartAsync(plain, options);
            host.IsGzip = true;
            return host;
        }

        if (path == StreamPath.Batched) SkipWithoutRing();
        if (ProxyOf(path) is { } proxy) return await StartBehindAsync(proxy, options);
        if (path is StreamPath.Tls or StreamPath.Http2Tls)
            // A thousand handshakes at once may take a busy machine longer than the ten seconds that each is given by default.
            options = options with
            {
                Listen = listen => listen.UseHttps(TestCertificate.Localhost, https => https.HandshakeTimeout = TimeSpan.FromMinutes(1)),
            };
        else if (path == StreamPath.Batched) options = options with { Settings = new(options.Settings) { ["BatchedSends"] = "true" } };
        else if (path != StreamPath.DirectSocket)
            options = options with { Settings = new(options.Settings) { ["DirectSockets"] = "false" } };
        if (path is StreamPath.Http2 or StreamPath.Http2Tls) options = options with { Protocols = HttpProtocols.Http2 };
        return await StartAsync(options);
    }

    private static void SkipWithoutRing()
    {
        Assert.SkipUnless(SocketRing.TryCreate(1, out var ring, out var reason), $"io_uring: {reason}");
        ring.Dispose();
    }

    public ISeries Hub(SeriesKey series) => Service.Peek(series) ?? throw new InvalidOperationException($"{series} is not open.");

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        if (Proxy is not null) await Proxy.DisposeAsync();
        await _app.DisposeAsync();
    }

    private static StreamPath? PlainOf(StreamPath path) => path switch
    {
        StreamPath.Gzip => StreamPath.DirectSocket,
        StreamPath.GzipBatched => StreamPath.Batched,
        StreamPath.GzipTls => StreamPath.Tls,
        StreamPath.GzipHttp2Tls => StreamPath.Http2Tls,
        StreamPath.GzipNginx => StreamPath.Nginx,
        _ => null,
    };

    private static ProxyKind? ProxyOf(StreamPath path) => path switch
    {
        StreamPath.Nginx => ProxyKind.Nginx,
        StreamPath.Caddy => ProxyKind.Caddy,
        StreamPath.HAProxy => ProxyKind.HAProxy,
        _ => null,
    };

    private static async Task<StreamHost> StartBehindAsync(ProxyKind proxy, StreamHostOptions options)
    {
        var host = await StartAsync(options);
        try
        {
            host.Proxy = await ProxyProcess.StartAsync(proxy, host.Address, NamePath, host._name, options.ProxyTimeLimit);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }
}

/// <summary>Lists no symbols, so accepts all.</summary>
internal sealed class AnySymbol : ISymbolDirectory
{
    public IReadOnlyList<string> Symbols => [];

    public SymbolCheck Check(string symbol) => new(SymbolStanding.NotKnownYet, []);
}

/// <summary>Lists these symbols; every other one is unknown, and close to all of them.</summary>
internal sealed class TheseSymbols(params string[] symbols) : ISymbolDirectory
{
    public IReadOnlyList<string> Symbols => symbols;

    public SymbolCheck Check(string symbol) =>
        symbols.Contains(symbol) ? new SymbolCheck(SymbolStanding.Listed, []) : new SymbolCheck(SymbolStanding.Unknown, symbols);
}
