using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using CandleStream.Streaming;
using CandleStream.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using static CandleStream.Tests.Support.Some;

namespace CandleStream.Tests.Streaming;

/// <summary>Candles of a history answer are judged as those of the stream are.</summary>
public sealed class HistoryPlausibilityTests
{
    [Fact]
    public async Task An_impossible_candle_of_history_is_counted_logged_and_not_stored()
    {
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meters = services.GetRequiredService<IMeterFactory>();
        using var listener = new MeterListener();
        long counted = 0;
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Scope == meters && instrument.Name == "candlestream.candles.implausible") l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref counted, value));
        listener.Start();
        await using var core = new CoreUnderTest();
        // Low above open; opened between two minutes.
        Candle[] impossible = [Candle(-20) with { Low = 500 }, Candle(-10) with { Time = At(-10, 1) }];
        core.Provider.History = (_, range, _) => new HistoryPage(range, [Candle(-30), .. impossible], At(10));
        var log = new KeptLog();
        await using var fetcher = new HistoryFetcher(core.Provider, core.Archive, core.Service.Revs, core.Time, log, new StreamingMetrics(meters));

        Assert.True(await fetcher.FetchAsync(BtcMinute, TimeRangeSet.Of(new TimeRange(At(-30), At(0))), hub: null, TimeSpan.FromMinutes(1), Cancel));

        Assert.Equal([At(-30)], core.Store.Rows(BtcMinute).Select(c => c.Time));
        Assert.Equal(2, counted);
        Assert.Contains("no real candle looks like", Assert.Single(log.Lines), StringComparison.Ordinal);
    }

    private sealed class KeptLog : ILogger<HistoryFetcher>
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue(formatter(state, exception));
    }
}
