using System.Text.Json;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using CandleStream.Providers;
using CandleStream.Server.Streams.Events;
using CandleStream.Streaming.Series;
using CandleStream.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace CandleStream.Benchmarks;

/// <summary>
/// One update of a forming candle on its way: through the hub, and encoded as an event beside the framework's serializer doing the same.
/// </summary>
[MemoryDiagnoser]
public class StreamBench
{
    private const long Minute = 1_714_564_800_000;

    private static readonly SeriesKey Series = SeriesKey.Parse("BTCUSD:1m");

    private readonly CandleUpdate _before =
        new(Series, new Candle(Minute, 61_290m, 61_293.5m, 61_269m, 61_277.25m, 0.23496984m) { Rev = new Rev(1_714_564_830_000_000) });
    private readonly CandleUpdate _after =
        new(Series, new Candle(Minute, 61_290m, 61_293.5m, 61_269m, 61_281.5m, 0.25496984m) { Rev = new Rev(1_714_564_830_250_000) });
    private readonly CountingSink _sink = new();
    private IFeedListener _feed = null!;
    private decimal _volume = 1m;

    public static Task<int> RunAsync(string[] args)
    {
        BenchmarkRunner.Run<StreamBench>(DefaultConfig.Instance.AddJob(Job.ShortRun), args);
        return Task.FromResult(0);
    }

    [GlobalSetup]
    public void OpenHub()
    {
        var hub = new SeriesHub(Series, new StreamingOptions(), EmptyStore.Archive(), null!, new RevCounter(TimeProvider.System),
            TimeProvider.System, NullLogger.Instance);
        hub.Lead.Load(null);
        hub.Attach(_sink);
        _feed = hub.Lead;
        _feed.OnSnapshot([_before.Candle], Minute + 1);
    }

    /// <summary>From the provider's call to the sink's, everything under the hub's lock.</summary>
    [Benchmark]
    public long Hub()
    {
        _volume += 0.00000001m;
        _feed.OnCandle(new Candle(Minute, 61_290m, 61_293.5m, 61_269m, 61_281.5m, _volume), Minute + 30_000, 1);
        return _sink.Taken;
    }

    /// <summary>The event as every subscriber of the series gets it, chunk framing included.</summary>
    [Benchmark(Baseline = true)]
    public object Event() => StreamEvents.Candle(new CandleUpdate(Series, _after.Candle));

    [Benchmark]
    public object DeltaEvent() => StreamEvents.Delta(Series, _before.Candle, _after.Candle);

    [Benchmark]
    public byte[] Serializer()
    {
        var candle = _after.Candle;
        return JsonSerializer.SerializeToUtf8Bytes(new
        {
            symbol = Series.Symbol,
            timeframe = Series.Timeframe.ToString(),
            time = candle.Time,
            open = candle.Open,
            high = candle.High,
            low = candle.Low,
            close = candle.Close,
            volume = candle.Volume,
            closed = candle.Closed,
            rev = candle.Rev.ToString(),
        });
    }

    private sealed class CountingSink : ICandleSink
    {
        public long Taken { get; private set; }

        public void OnUpdate(CandleUpdate update) => Taken++;

        public void OnFirstMerge(SeriesKey series, IReadOnlyList<CandleUpdate> changed)
        {
        }

        public void OnStatus(SeriesStatus status)
        {
        }
    }
}
