using System.Net;
using System.Net.WebSockets;
using CandleStream.Exchanges;
using CandleStream.Exchanges.Bitfinex;
using CandleStream.Server.Candles;
using CandleStream.Server.History;
using CandleStream.Server.Streams;
using CandleStream.Server.Streams.Sending;
using CandleStream.Server.Symbols;
using CandleStream.Simulator;
using CandleStream.Storage;
using CandleStream.Streaming;
using CandleStream.Streaming.Series;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace CandleStream.Tests.Truth;

/// <summary>One life of the server: its real parts and routes, over the exchange, the store and the clock of the run.</summary>
internal sealed class TruthServer : IAsyncDisposable
{
    public const string DatabaseFile = "truth.db";

    private readonly WebApplication _app;
    private readonly StormyStore _store;
    private readonly SenderThreads _senders;

    private TruthServer(WebApplication app, StormyStore store, ICandleStore database, HttpMessageHandler http, Uri url)
    {
        (_app, _store, Database, Http, Url) = (app, store, database, http, url);
        _senders = app.Services.GetRequiredService<SenderThreads>();
        Writer = app.Services.GetRequiredService<CandleWriter>();
        Service = app.Services.GetRequiredService<CandleStreamService>();
    }

    /// <summary>The store itself, without the storm.</summary>
    public ICandleStore Database { get; }

    public CandleWriter Writer { get; }

    public CandleStreamService Service { get; }

    /// <summary>The way to its routes.</summary>
    public HttpMessageHandler Http { get; }

    public Uri Url { get; }

    /// <summary>True while its senders have events to send, which does not wait for the clock.</summary>
    public bool IsBusy => !_senders.AreDrained;

    /// <summary>Every series live, no gap, nothing to fetch.</summary>
    public bool IsMended => Service.Hubs.All(h => h.Status is { Connected: true, Gaps.IsEmpty: true } && h.Lead.NextRepair() is null);

    public static async Task<TruthServer> StartAsync(TruthPlan plan, BitfinexSimulator exchange, ExchangeTap tap, StoreStorm storm,
        string folder, string? databaseUrl, int seed, TimeProvider clock, TimeProvider time)
    {
        // A wait for another writer is of real time.
        var storage = new StorageOptions
        {
            SqlitePath = Path.Combine(folder, DatabaseFile),
            BusyTimeout = TimeSpan.FromMilliseconds(1),
            LockWait = TimeSpan.FromMilliseconds(200)
        };
        var database = CandleStoreFactory.Create(storage, databaseUrl, clock, NullLoggerFactory.Instance);
        var store = new StormyStore(database, storm, time);
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = folder });
        builder.Logging.ClearProviders();
        if (plan.OverLoopback) builder.WebHost.UseKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        else builder.WebHost.UseTestServer();
        builder.AddCandleStore();
        builder.AddCandleStreaming();
        builder.AddCandleStreamSse();
        var services = builder.Services;
        services.AddSingleton(clock);
        services.AddSingleton<ICandleStore>(store);
        services.AddSingleton<ISymbolDirectory, EverySymbol>();
        services.AddSingleton(new Random(seed));
        services.AddSingleton(TransportOf(plan, exchange, tap));
        services.Configure<BitfinexOptions>(o => o.ChannelsPerSocket = plan.ChannelsPerSocket);
        services.Configure<StreamingOptions>(o => o.CandlesInMemory = plan.CandlesInMemory);
        services.Configure<RecordOptions>(o => o.Series = [.. plan.Series.Take(3)]);
        // Pauses between rounds are of real time.
        services.Configure<SendingOptions>(o => o.CoalesceInterval = TimeSpan.Zero);
        if (plan.Retention is { } kept) services.Configure<StorageOptions>(o => o.Retention["1m"] = kept);
        var app = builder.Build();
        app.MapCandleStream();
        app.MapCandleHistory();
        await app.StartAsync();
        return plan.OverLoopback
            ? new TruthServer(app, store, database, new SocketsHttpHandler(),
                new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()))
            : new TruthServer(app, store, database, app.GetTestServer().CreateHandler(), new Uri("http://localhost/"));
    }

    /// <summary>From here on nothing reaches the database: what waits to be saved is lost, as with a process that is killed.</summary>
    public void Kill() => _store.Kill();

    public string Describe() =>
        string.Join("; ", Service.Hubs.Select(h =>
            $"{h.Key} {h.Status.Feed.State} {h.Status.Feed.Reason} gaps {string.Join(' ', h.Status.Gaps)} "
            + $"next {h.Lead.NextRepair()} last {string.Join(' ', h.View(3, new Rev(long.MaxValue)).Newest)}"));

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _store.DisposeAsync();
        Http.Dispose();
    }

    private static ExchangeTransport TransportOf(TruthPlan plan, BitfinexSimulator exchange, ExchangeTap tap)
    {
        if (!plan.OverLoopback) return new ExchangeTransport(_ => ConnectAsync(exchange, tap), exchange.CreateHttpHandler());
        var network = ExchangeTransport.Create(exchange.WebSocketUrl);
        return network with { ConnectAsync = async cancel => tap.Tap(await network.ConnectAsync(cancel)) };
    }

    private static Task<WebSocket> ConnectAsync(BitfinexSimulator exchange, ExchangeTap tap)
    {
        try
        {
            return Task.FromResult(tap.Tap(exchange.ConnectInProcess()));
        }
        catch (WebSocketException refused) when (refused.InnerException is HttpRequestException { StatusCode: { } status })
        {
            return Task.FromException<WebSocket>(new UpgradeRefusedException(status, refused));
        }
        catch (WebSocketException failure)
        {
            return Task.FromException<WebSocket>(failure);
        }
    }

    private sealed class EverySymbol : ISymbolDirectory
    {
        public IReadOnlyList<string> Symbols => [];

        public SymbolCheck Check(string symbol) => new(SymbolStanding.Listed, []);
    }
}
