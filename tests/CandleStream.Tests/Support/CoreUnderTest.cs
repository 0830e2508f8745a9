using System.Collections.Concurrent;
using CandleStream.Storage;
using CandleStream.Streaming;
using CandleStream.Streaming.Series;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace CandleStream.Tests.Support;

/// <summary>The core put together as the server does it, over a provider, a store and a clock that belong to the test.</summary>
internal sealed class CoreUnderTest : IAsyncDisposable
{
    private readonly OneAtATime _context = OneAtATime.Begin();

    public CoreUnderTest(MemoryStore? store = null, FakeProvider? provider = null, FakeTimeProvider? time = null,
        StreamingOptions? options = null, StorageOptions? writing = null)
    {
        Store = store ?? new MemoryStore();
        Provider = provider ?? new FakeProvider();
        Time = time ?? new FakeTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(Some.Noon));
        Options = options ?? new StreamingOptions();
        var revs = new RevCounter(Time);
        revs.StartAbove(Store.HighestRevAsync(CancellationToken.None).Result);
        Writer = new CandleWriter(Store, writing ?? new StorageOptions(), Time, NullLogger<CandleWriter>.Instance);
        Archive = new CandleArchive(Store, Writer);
        Fetcher = new HistoryFill(Provider, Archive, revs, Time, NullLogger<HistoryFill>.Instance);
        Service = new CandleStreamService(Provider, Archive, Fetcher, [], revs, Options, Time, NullLoggerFactory.Instance);
        Joiner = new SeriesJoiner(Service, Options);
        History = new CandleHistory(Service, Joiner, Options, Time);
    }

    public MemoryStore Store { get; }

    public FakeProvider Provider { get; }

    public FakeTimeProvider Time { get; }

    public StreamingOptions Options { get; }

    public CandleWriter Writer { get; }

    public CandleArchive Archive { get; }

    public CandleStreamService Service { get; }

    public SeriesJoiner Joiner { get; }

    public HistoryFill Fetcher { get; }

    public CandleHistory History { get; }

    /// <summary>
    /// Runs <paramref name="work"/> while the clock moves on, so that no wait of the code under test takes real time. The clock moves only
    /// when nothing is left to run.
    /// </summary>
    public async Task<T> InTime<T>(Task<T> work)
    {
        if (SynchronizationContext.Current != _context)
            throw new InvalidOperationException("Make the core in the test's own method or constructor.");
        while (!work.IsCompleted)
        {
            // What is ready has its turn before the clock moves on: what runs here, and what the pool was given.
            await _context.IdleAsync();
            await OneAtATime.LetOthersRunAsync();
            await _context.IdleAsync();
            if (!work.IsCompleted) Time.Advance(TimeSpan.FromMilliseconds(50));
        }

        return await work;
    }

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        await Fetcher.DisposeAsync();
        await Writer.DisposeAsync();
    }
}

/// <summary>Remembers what a hub hands to its sinks.</summary>
internal sealed class RecordingSink : ICandleSink
{
    public ConcurrentQueue<CandleUpdate> Updates { get; } = new();

    public ConcurrentQueue<IReadOnlyList<CandleUpdate>> Merges { get; } = new();

    public ConcurrentQueue<SeriesStatus> Statuses { get; } = new();

    public void OnUpdate(CandleUpdate update) => Updates.Enqueue(update);

    public void OnFirstMerge(SeriesKey series, IReadOnlyList<CandleUpdate> changed) => Merges.Enqueue(changed);

    public void OnStatus(SeriesStatus status) => Statuses.Enqueue(status);
}
