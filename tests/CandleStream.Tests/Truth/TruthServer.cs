using System.Net.WebSockets;
using CandleStream.Bitfinex;
using CandleStream.Simulator;
using CandleStream.Storage;
using CandleStream.Streaming;
using Microsoft.Extensions.Logging.Abstractions;

namespace CandleStream.Tests.Truth;

/// <summary>The server's parts, put together over the exchange of the run.</summary>
internal sealed class TruthServer : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly BitfinexWebSocketCandleProvider _provider;
    private readonly BitfinexMetrics _metrics = new();
    private readonly HistoryFetcher _fetcher;
    private readonly List<SeriesLease> _recorded;
    private readonly Task _writing;

    private TruthServer(BitfinexSimulator exchange, bool overLoopback, SqliteCandleStore store, long highestRev, IEnumerable<SeriesKey> recorded, int seed, TimeProvider time)
    {
        Store = store;
        var (options, streaming) = (new BitfinexOptions(), new StreamingOptions());
        if (overLoopback) (options.WebSocketUrl, options.RestUrl) = (exchange.WebSocketUrl, exchange.RestUrl);
        var transport = overLoopback ? BitfinexTransport.Create(options) : new BitfinexTransport(_ => ConnectAsync(exchange), exchange.CreateHttpHandler());
        _provider = new BitfinexWebSocketCandleProvider(options, transport, time, new Random(seed), _metrics, NullLogger<BitfinexWebSocketCandleProvider>.Instance);
        var revs = new RevCounter(time);
        revs.Raise(highestRev);
        Writer = new CandleWriter(store, new StorageOptions(), time, NullLogger<CandleWriter>.Instance);
        var archive = new CandleArchive(store, Writer);
        Service = new CandleStreamService(_provider, archive, [], revs, streaming, time, NullLoggerFactory.Instance);
        _fetcher = new HistoryFetcher(_provider, archive, revs, time, NullLogger<HistoryFetcher>.Instance);
        History = new CandleHistory(Service, archive, _fetcher, streaming, time);
        _writing = Writer.RunAsync(_stop.Token);
        _recorded = [.. recorded.Select(s => Service.Open(s, SeriesUse.Record))];
    }

    public SqliteCandleStore Store { get; }

    public CandleWriter Writer { get; }

    public CandleStreamService Service { get; }

    public CandleHistory History { get; }

    /// <summary>Every series live, no gap, nothing to fetch.</summary>
    public bool IsMended => Service.Hubs.All(h => h.Status is { Connected: true, Gaps.IsEmpty: true } && h.NextRepair() is null);

    public static async Task<TruthServer> StartAsync(BitfinexSimulator exchange, bool overLoopback, string folder, IEnumerable<SeriesKey> recorded, int seed, TimeProvider time)
    {
        var store = new SqliteCandleStore(new StorageOptions { SqlitePath = Path.Combine(folder, "truth.db") }, time, NullLogger<SqliteCandleStore>.Instance);
        await store.OpenAsync("simulator", exclusive: true, CancellationToken.None);
        return new TruthServer(exchange, overLoopback, store, await store.HighestRevAsync(CancellationToken.None), recorded, seed, time);
    }

    public string Describe() => string.Join("; ", Service.Hubs.Select(h => $"{h.Series} {h.Status.Feed.State} {h.Status.Feed.Reason} gaps {string.Join(' ', h.Status.Gaps)} next {h.NextRepair()} last {string.Join(' ', h.View(3, long.MaxValue).Newest)}"));

    public async ValueTask DisposeAsync()
    {
        foreach (var lease in _recorded) lease.Dispose();
        await _fetcher.DisposeAsync();
        await Service.DisposeAsync();
        await _stop.CancelAsync();
        await _writing;
        await _provider.DisposeAsync();
        await Writer.DisposeAsync();
        await Store.DisposeAsync();
        _metrics.Dispose();
        _stop.Dispose();
    }

    private static Task<WebSocket> ConnectAsync(BitfinexSimulator exchange)
    {
        try
        {
            return Task.FromResult(exchange.ConnectInProcess());
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
}
