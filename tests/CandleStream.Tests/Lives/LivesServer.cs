using CandleStream.Storage;
using CandleStream.Streaming;
using CandleStream.Streaming.Series;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace CandleStream.Tests.Lives;

/// <summary>One life of the server, on the test's thread.</summary>
internal sealed class LivesServer : IAsyncDisposable
{
    private readonly LivesStore _store;
    private readonly HistoryFill _fetcher;
    private readonly CancellationTokenSource _stop = new();
    private readonly StreamingOptions _options = new() { CandlesInMemory = 40, Linger = TimeSpan.FromSeconds(20) };
    private Task _writing = Task.CompletedTask;

    public LivesServer(
        ICandleStore inner, StoreWeather storeWeather, LivesMarket market, LivesWeather weather, Random random, FakeTimeProvider time)
    {
        _store = new LivesStore(inner, storeWeather, time);
        Provider = new LivesProvider(market, weather, random, time);
        var revs = new RevCounter(time);
        // A server whose store is away at start raises its counter when the store is there; our clock does not step in this test.
        revs.StartAbove(PumpedContext.Outside(() => inner.HighestRevAsync(CancellationToken.None)));
        Writer =
            new CandleWriter(_store, new StorageOptions { BufferCandles = 90, BatchRows = 10 }, time, NullLogger<CandleWriter>.Instance);
        Archive = new CandleArchive(_store, Writer);
        _fetcher = new HistoryFill(Provider, Archive, revs, time, NullLogger<HistoryFill>.Instance);
        Service = new CandleStreamService(Provider, Archive, _fetcher, [], revs, _options, time, NullLoggerFactory.Instance);
        Writer.Lost += Service.Lose;
        Joiner = new SeriesJoiner(Service, _options);
        History = new CandleHistory(Service, Joiner, _options, time);
        Pump.Run(() => _writing = Writer.RunAsync(_stop.Token));
    }

    public PumpedContext Pump { get; } = new();

    public LivesProvider Provider { get; }

    public CandleWriter Writer { get; }

    public CandleArchive Archive { get; }

    public CandleStreamService Service { get; }

    public SeriesJoiner Joiner { get; }

    public CandleHistory History { get; }

    /// <summary>Ends the process as a kill does: what was not saved is gone.</summary>
    public void Kill()
    {
        _store.IsCut = true;
        Pump.IsDead = true;
    }

    /// <summary>Ends the process as SIGTERM does: everything is saved that the store takes.</summary>
    public async ValueTask DisposeAsync()
    {
        await _fetcher.DisposeAsync();
        await Service.StopAsync();
        // Not asynchronously: the pool's threads have no part in this test.
        _stop.Cancel();
        await _writing;
        _stop.Dispose();
    }
}
