using CandleStream.Simulator;
using CandleStream.Simulator.Faults;
using CandleStream.Tests.Bitfinex;
using Microsoft.Extensions.Time.Testing;

namespace CandleStream.Tests.Truth;

/// <summary>
/// One seed of the truth test: a synthetic market runs for hours through the real provider, hub, writer and SQLite store, over the real protocol,
/// while faults strike; then everything held, stored, delivered and polled is compared with the market's own ledger.
/// </summary>
internal sealed class TruthRun : IAsyncDisposable
{
    private static readonly string[] Pairs = ["BTCUSD", "ETHUSD", "SOLUSD", "DUSK:USD", "NEOUSD", "BTCF0:USTF0"];

    // A half-open connection may never be read to its end: then time goes on all the same.
    private const int MaxLooks = 100;

    private readonly Random _random;
    private readonly bool _overLoopback;
    private readonly FakeTimeProvider _time;
    private readonly string _folder = Directory.CreateTempSubdirectory("candlestream-truth-").FullName;
    private readonly IReadOnlyList<SeriesKey> _series = [.. Pairs.Select(p => SeriesKey.Parse($"{p}:1m"))];
    private readonly FaultStorm _storm;
    private readonly TruthClient _client;
    private readonly TruthPoller _poller;
    private readonly BitfinexSimulator _exchange;
    private readonly long _began;
    private readonly HttpClient _fence = new();
    private TruthServer _server;

    private TruthRun(int seed, bool overLoopback, BitfinexSimulator exchange, FakeTimeProvider time)
    {
        _random = new Random(seed);
        _overLoopback = overLoopback;
        _exchange = exchange;
        _time = time;
        _began = time.GetUtcNow().ToUnixTimeMilliseconds();
        _storm = new FaultStorm(_random, [.. Pairs.Select(KeyOf)]);
        _client = new TruthClient(_series, _random);
        _poller = new TruthPoller(_series);
        _server = null!;
    }

    /// <summary>What the server holds now, for the report of a failure.</summary>
    public string Describe() => _server.Describe();

    public string Report => $"{_client.Resumes} resumes, {_client.Resets} resets, {_poller.Answers} polls answered, {_poller.Resets} of them resets, {KeptBack} kept back for a while, faults: {_storm.History}";

    public static async Task<TruthRun> StartAsync(int seed, bool overLoopback)
    {
        Quiet.Calibrate();
        var time = new FakeTimeProvider(new DateTimeOffset(2024, 5, 1, 11, 58, 30, TimeSpan.Zero));
        var exchange = await BitfinexSimulator.StartAsync(new SimulatorOptions { Listen = overLoopback, Seed = seed, Symbols = Pairs, TimeProvider = time });
        var run = new TruthRun(seed, overLoopback, exchange, time);
        run._server = await run.StartServerAsync();
        return run;
    }

    /// <summary>The storm: faults, clients that come and go, and now and then a restart of the server.</summary>
    public async Task StormAsync(TimeSpan length)
    {
        var end = _time.GetUtcNow() + length;
        while (_time.GetUtcNow() < end)
        {
            if (_random.Next(100) == 0) _storm.Strike(_exchange);
            if (_random.Next(300) == 0) await ToggleClientAsync();
            if (_random.Next(4000) == 0) await RestartAsync();
            if (_random.Next(30) == 0) _poller.Ask(_server.History, _series[_random.Next(_series.Count)]);
            await StepAsync();
            _client.Receive();
            _poller.Receive();
        }
    }

    /// <summary>The calm after it: without faults, everything has to mend by itself.</summary>
    public async Task CalmAsync()
    {
        // A silence is not cut short: it would end before the heartbeat that shows it is due.
        while (_exchange.Faults.Active.Any(f => f.Fault.Kind == FaultKind.Silence)) await StepAsync();
        _exchange.Faults.Clear();
        if (!_client.IsConnected) await ToggleClientAsync();
        var limit = _time.GetUtcNow() + TimeSpan.FromHours(2);
        var calmSince = _time.GetUtcNow();
        while (_time.GetUtcNow() - calmSince < TimeSpan.FromMinutes(4))
        {
            if (_random.Next(10) == 0) _poller.Ask(_server.History, _series[_random.Next(_series.Count)]);
            await StepAsync();
            _client.Receive();
            _poller.Receive();
            if (!_server.IsMended) calmSince = _time.GetUtcNow();
            Assert.True(_time.GetUtcNow() < limit, $"two hours after the last fault it is not mended: {_server.Describe()}");
        }
    }

    /// <summary>
    /// Nothing missing that is not on the gap list; called at any time. A snapshot that lies by leaving out a candle cannot be found out before the
    /// exchange was asked again, nor a channel that keeps one back before its heartbeat is due: until then its time may not count as verified.
    /// </summary>
    public async Task CheckNoUnnamedGapAsync()
    {
        Assert.True(await _server.Writer.FlushAsync(CancellationToken.None));
        foreach (var hub in _server.Service.Hubs)
        {
            var view = hub.View(1000, long.MaxValue);
            if (!view.Merged || view.ExchangeTime is not { } now || view.Newest.Count == 0) continue;
            var verified = (await _server.Store.FindSeriesAsync(hub.Series, CancellationToken.None))?.Verified ?? TimeRangeSet.Empty;
            var held = view.Newest.Select(c => c.Time).ToHashSet();
            foreach (var candle in Ledger(hub.Series, Math.Max(view.Newest[0].Time, _began), now - 66_000))
            {
                if (held.Contains(candle.Time) || view.Status.Gaps.Any(g => g.Contains(candle.Time)) || !view.Known.Contains(candle.Time)) continue;
                Assert.False(verified.Contains(candle.Time), $"{hub.Series}: {candle} is missing, no gap names it, and its time counts as verified; {_server.Describe()}");
                Assert.True(_storm.HasStruck(FaultKind.SnapshotHole) || _storm.HasStruck(FaultKind.Silence), $"{hub.Series}: {candle} is missing, no gap names it, and nothing kept it back; {_server.Describe()}");
                KeptBack++;
            }
        }
    }

    /// <summary>How many candles were missed for a while because a snapshot or a silent channel kept them back.</summary>
    public int KeptBack { get; private set; }

    /// <summary>Held, stored, delivered and polled equal the exchange's ledger.</summary>
    public async Task CheckAsync()
    {
        foreach (var series in _series)
        {
            var last = _poller.ReceiveLastAsync(_server.History, series);
            await InTimeAsync(last);
            await last;
        }

        // The last step of time has its consequences, which the client is to be given as well.
        await SettleAsync();
        _client.Receive();
        Assert.True(await _server.Writer.FlushAsync(CancellationToken.None));
        foreach (var series in _series)
        {
            Assert.True(_server.Service.TryFind(series, out var hub));
            var view = hub.View(1000, long.MaxValue);
            var last = series.Timeframe.StartOf(view.ExchangeTime!.Value - 65_000) - 1;
            var stored = await ReadStoreAsync(series, _began);
            Compare($"{series} stored", Ledger(series, _began, last), stored.Where(c => c.Time <= last));
            Compare($"{series} in memory", Ledger(series, Math.Max(view.Newest[0].Time, _began), last), view.Newest.Where(c => c.Time >= _began && c.Time <= last));
            var delivered = _client.Candles(series);
            var from = Math.Max(delivered.First().Time, _began);
            Compare($"{series} delivered", Ledger(series, from, last), delivered.Where(c => c.Time >= from && c.Time <= last));
            var polled = _poller.Candles(series);
            Compare($"{series} polled", Ledger(series, Math.Max(polled.First().Time, _began), last), polled.Where(c => c.Time >= _began && c.Time <= last));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _poller.DisposeAsync();
        await _server.DisposeAsync();
        await _exchange.DisposeAsync();
        _fence.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static string KeyOf(string pair) => $"trade:1m:t{pair}";

    private static void Compare(string what, IEnumerable<Candle> expected, IEnumerable<Candle> actual)
    {
        var wanted = expected.ToDictionary(c => c.Time);
        var found = actual.ToDictionary(c => c.Time);
        Assert.True(found.Values.All(c => c.Closed), $"{what}: not closed: {found.Values.FirstOrDefault(c => !c.Closed)}");
        var missing = wanted.Keys.Except(found.Keys).Order().ToList();
        Assert.True(missing.Count == 0, $"{what}: {missing.Count} missing, the first at {missing.FirstOrDefault()}");
        var extra = found.Keys.Except(wanted.Keys).Order().ToList();
        Assert.True(extra.Count == 0, $"{what}: {extra.Count} that the exchange does not have, the first at {extra.FirstOrDefault()}");
        foreach (var (time, candle) in found) Assert.True(candle.HasSameValues(wanted[time]), $"{what}: {candle} should be {wanted[time]}");
    }

    private IEnumerable<Candle> Ledger(SeriesKey series, long from, long to) =>
        _exchange.Ledger(KeyOf(series.Symbol), series.Timeframe.CeilingOf(from), to).Select(c => new Candle(c.Time, c.Open, c.High, c.Low, c.Close, c.Volume));

    private async Task<List<Candle>> ReadStoreAsync(SeriesKey series, long from)
    {
        var rows = new List<Candle>();
        await foreach (var row in _server.Store.ReadAsync(series, new TimeRange(from, long.MaxValue), int.MaxValue, false, CancellationToken.None)) rows.Add(row);
        return rows;
    }

    private async Task ToggleClientAsync()
    {
        if (_client.IsConnected) _client.Disconnect();
        else await _client.ConnectAsync(_server.Service, InTimeAsync);
    }

    private async Task RestartAsync()
    {
        if (_client.IsConnected) _client.Disconnect();
        await InTimeAsync(_poller.HangUpAsync());
        var stopping = _server.DisposeAsync().AsTask();
        await InTimeAsync(stopping);
        await stopping;
        _server = await StartServerAsync();
    }

    private Task<TruthServer> StartServerAsync() => TruthServer.StartAsync(_exchange, _overLoopback, _folder, _series.Take(3), _random.Next(), _time);

    private async Task InTimeAsync(Task work)
    {
        while (!work.IsCompleted) await StepAsync();
    }

    private async Task StepAsync()
    {
        await SettleAsync();
        if (_overLoopback)
        {
            // What was sent before a question is answered has arrived by then: a real socket does not say what is on its way.
            await _fence.GetStringAsync(new Uri(_exchange.Url, "/control/time"));
            await SettleAsync();
        }

        _time.Advance(TimeSpan.FromMilliseconds(_random.Next(50, 2_000)));
    }

    // Time stands still until everybody is done: no thread at work, nothing queued, nothing on the wire.
    private async Task SettleAsync()
    {
        for (var looks = 0; looks < MaxLooks; looks++)
        {
            await Quiet.WaitAsync(CancellationToken.None);
            if (!_exchange.IsBusy) return;
        }
    }
}
