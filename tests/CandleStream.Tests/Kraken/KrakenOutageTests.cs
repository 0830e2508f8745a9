using CandleStream.Simulator.Faults;
using CandleStream.Storage;
using CandleStream.Streaming;
using CandleStream.Streaming.Series;
using CandleStream.Tests.Bitfinex;
using CandleStream.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace CandleStream.Tests.Kraken;

/// <summary>Provider and core together against the simulated Kraken, in virtual time: what clients are told is what was traded.</summary>
[Collection(nameof(VirtualTime))]
public sealed class KrakenOutageTests
{
    private const int Minute = 60_000;

    [Fact]
    public async Task Candles_close_by_the_exchanges_time_and_are_those_of_the_market()
    {
        await using var run = await Run.StartAsync();
        var began = run.NowMs / Minute * Minute;

        await run.Kraken.Pass(TimeSpan.FromMinutes(20));

        run.AssertTrue("BTC/USD", began);
        run.AssertTrue("NEO/USD", began);
    }

    [Fact]
    public async Task After_an_outage_of_half_an_hour_nothing_is_missing()
    {
        await using var run = await Run.StartAsync();
        var began = run.NowMs / Minute * Minute;
        await run.Kraken.Pass(TimeSpan.FromMinutes(5));

        run.Kraken.Strike(FaultKind.Unreachable, fault => fault with { ForMs = 30 * Minute });
        run.Kraken.Strike(FaultKind.Cut);
        await run.Kraken.Pass(TimeSpan.FromMinutes(20));
        Assert.False(run.Hub("BTC/USD").Status.Connected);
        await run.Kraken.Pass(TimeSpan.FromMinutes(20));

        run.AssertTrue("BTC/USD", began);
        run.AssertTrue("NEO/USD", began);
    }

    [Fact]
    public async Task After_an_outage_longer_than_its_history_what_the_exchange_keeps_is_there_and_the_rest_is_no_gap_to_wait_for()
    {
        await using var run = await Run.StartAsync();
        await run.Kraken.Pass(TimeSpan.FromMinutes(5));

        run.Kraken.Strike(FaultKind.Unreachable, fault => fault with { ForMs = 900 * Minute });
        run.Kraken.Strike(FaultKind.Cut);
        await run.Kraken.Pass(TimeSpan.FromMinutes(905));

        var kept = run.NowMs / Minute * Minute - 700 * Minute;
        run.AssertTrue("BTC/USD", kept);
        run.AssertTrue("NEO/USD", kept);
    }

    private sealed class Run : IAsyncDisposable
    {
        private readonly MemoryStore _store = new();
        private readonly CandleWriter _writer;
        private readonly HistoryFill _fill;
        private readonly CandleStreamService _service;

        private Run(KrakenFixture kraken)
        {
            Kraken = kraken;
            var revs = new RevCounter(kraken.Time);
            revs.StartAbove(Rev.None);
            _writer = new CandleWriter(_store, new StorageOptions(), kraken.Time, NullLogger<CandleWriter>.Instance);
            var archive = new CandleArchive(_store, _writer);
            _fill = new HistoryFill(kraken.Provider, archive, revs, kraken.Time, NullLogger<HistoryFill>.Instance);
            _service = new CandleStreamService(
                kraken.Provider, archive, _fill, [], revs, new StreamingOptions { CandlesInMemory = 1000 }, kraken.Time,
                NullLoggerFactory.Instance);
        }

        public KrakenFixture Kraken { get; }

        public long NowMs => Kraken.NowMs;

        public static async Task<Run> StartAsync()
        {
            var run = new Run(await KrakenFixture.StartAsync());
            foreach (var pair in new[] { "BTC/USD", "NEO/USD" }) run.Hub(pair);
            await run.Kraken.Until(() => run._service.OpenSeries.All(s => s.Status.Connected));
            return run;
        }

        public ISeries Hub(string pair) =>
            _service.Peek(KrakenFixture.Series(pair)) ?? _service.Open(KrakenFixture.Series(pair)).Series;

        /// <summary>No gap, and of each candle that is over by a minute just what was traded; none that was not.</summary>
        public void AssertTrue(string pair, long from)
        {
            var hub = (SeriesHub)Hub(pair);
            Assert.Empty(hub.Status.Gaps);
            var until = NowMs - 2 * Minute;
            var key = $"trade:1m:t{pair.Replace("/", "", StringComparison.Ordinal)}";
            Assert.Equal(
                Kraken.Exchange.Ledger(key, from, until).Select(c => (c.Time, c.Open, c.High, c.Low, c.Close, c.Volume, Closed: true)),
                hub.View(1000, Rev.None).Newest.Where(c => c.Time >= from && c.Time <= until)
                    .Select(c => (c.Time, c.Open, c.High, c.Low, c.Close, c.Volume, c.Closed)));
        }

        public async ValueTask DisposeAsync()
        {
            await _service.DisposeAsync();
            await _fill.DisposeAsync();
            await _writer.DisposeAsync();
            await Kraken.DisposeAsync();
        }
    }
}
