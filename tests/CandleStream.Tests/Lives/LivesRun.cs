using CandleStream.Storage;
using CandleStream.Storage.Sqlite;
using CandleStream.Streaming;
using CandleStream.Streaming.Series;
using CandleStream.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using static CandleStream.Tests.Support.Some;

namespace CandleStream.Tests.Lives;

/// <summary>
/// One random interleaving of what may happen between the lives of a series, on one thread and in virtual time. Judged after every step: no
/// client is short of a closed candle whose time is verified and that its gaps do not name. At the end, when everything works again, all
/// equals the exchange's ledger.
/// </summary>
internal sealed class LivesRun : IDisposable
{
    // A candle is closed, and a client told, when exchange time passed its end by the grace of 5 s; steps of time are 5 s long.
    private const long SettledMs = 11_000;

    private readonly Random _random;
    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeMilliseconds(At(0)));
    private readonly LivesMarket _market;
    private readonly LivesWeather _weather = new();
    private readonly StoreWeather _storeWeather = new();
    private readonly LivesClient[] _clients = [new("A"), new("B"), new("C")];
    private readonly LivesPoller _poller = new();
    private readonly List<string> _steps = [];
    private readonly string? _folder;
    private ICandleStore _store;
    private LivesServer _server;
    private long _forgotten = long.MinValue;

    public LivesRun(int seed, bool onSqlite)
    {
        _random = new Random(seed);
        _market = new LivesMarket(_random);
        _folder = onSqlite ? Directory.CreateTempSubdirectory("candlestream-lives-").FullName : null;
        _store = _folder is null ? new MemoryStore() : OpenSqlite();
        _server = StartServer();
    }

    public string Steps => string.Join(" | ", _steps);

    public void Storm(int steps)
    {
        for (var i = 0; i < steps; i++)
        {
            Step();
            Judge();
        }
    }

    /// <summary>Everything works again: then everything mends by itself, and equals the ledger.</summary>
    public void Calm()
    {
        Note("calm");
        (_weather.SocketIsUp, _weather.RestIsUp, _weather.SnapshotCandles, _weather.SnapshotHasHole, _weather.AnswerMs) =
            (true, true, 30, false, 0);
        (_storeWeather.IsDown, _storeWeather.IsFull, _storeWeather.AnswerMs) = (false, false, 0);
        foreach (var client in _clients.Where(c => !c.IsConnected)) Connect(client, 10, false);
        Pass(240_000);
        for (var i = 0; i < 60 && !IsMended(); i++) Pass(30_000);
        Assert.True(IsMended(), $"half an hour later it is not mended: {Describe()}");
        Ask(_poller);
        Pass(5_000);
        Judge();
        var record = Record();
        var last = _market.Now - 66_000;
        foreach (var client in _clients) CompareWithLedger(client.Name, client.Held, client.ShownFrom, record.Verified, last);
        Assert.NotEmpty(_poller.Held);
        // What its first answer named is history: who wants it asks for it again.
        CompareWithLedger("the poller", _poller.Held, _poller.ShownFrom, record.Verified.Subtract(_poller.FirstGaps), last);
        var rows = PumpedContext.Outside(async () => await _store.ReadAsync(
            BtcMinute, new TimeRange(0, long.MaxValue), int.MaxValue, false, CancellationToken.None).ToDictionaryAsync(c => c.Time));
        foreach (var candle in _market.Candles.Where(
            c => c.Time + Minute <= last && c.Time >= _forgotten && record.Verified.Contains(c.Time)))
            Assert.True(rows.TryGetValue(candle.Time, out var row) && row.HasSameValues(candle),
                $"stored {(rows.ContainsKey(candle.Time) ? row : null)} where the ledger has {candle}");
    }

    public void Dispose()
    {
        _server.Kill();
        if (_folder is null) return;
        CloseSqlite();
        Directory.Delete(_folder, recursive: true);
    }

    private void Step()
    {
        switch (_random.Next(34))
        {
            case < 6:
                var client = _clients[_random.Next(_clients.Length)];
                if (client.IsConnected) Disconnect(client);
                else Connect(client, _random.Next(3) * 30, _random.Next(3) == 0);
                break;
            case < 8:
                foreach (var connected in _clients.Where(c => c.IsConnected)) Disconnect(connected);
                Pass(25_000 + _random.Next(60_000));
                break;
            case < 10: Set("socket", _weather.SocketIsUp = _random.Next(3) > 0); break;
            case < 12: Set("REST", _weather.RestIsUp = _random.Next(2) > 0); break;
            case 12: Set("REST slow", _weather.AnswerMs = _random.Next(2) * _random.Next(6_000)); break;
            case < 15: Set("snapshot", _weather.SnapshotCandles = _random.Next(3) switch { 0 => 1, 1 => 4, _ => 30 }); break;
            case 15: Set("snapshot hole", _weather.SnapshotHasHole = _random.Next(2) == 0); break;
            case 16: Set("store down", _storeWeather.IsDown = _random.Next(2) == 0); break;
            case 17: Set("store full", _storeWeather.IsFull = _random.Next(2) == 0); break;
            case 18: Set("store slow", _storeWeather.AnswerMs = _random.Next(2) * _random.Next(5_000)); break;
            case 19: Kill(); break;
            case 20: Restart(); break;
            case 21: Retain(); break;
            case < 24: Backfill(); break;
            case < 27: AskHistory(); break;
            case < 29: Ask(_poller); break;
            case 29: Pass(300_000 + _random.Next(1_500_000)); break;
            default: Pass(_random.Next(90_000)); break;
        }

        Pass(_random.Next(3) * 1_500);
    }

    private void Pass(long ms)
    {
        if (ms >= 5_000) Note($"{ms / 1000}s");
        while (ms > 0)
        {
            var part = Math.Min(5_000, ms);
            ms -= part;
            var trades = _market.PassTo(_market.Now + part);
            // Also while no server runs, time passes.
            if (_server.Pump.IsDead) _time.Advance(TimeSpan.FromMilliseconds(part));
            else _server.Pump.Run(() => _time.Advance(TimeSpan.FromMilliseconds(part)));
            Settle();
            _server.Pump.Run(() => _server.Provider.Deliver(trades));
            Receive();
        }
    }

    private void Receive()
    {
        _server.Pump.Run(() =>
        {
            foreach (var client in _clients) client.Receive();
        });
        if (_poller.Receive()) JudgePoller();
    }

    // A channel's reader is told of a cancellation by way of the pool: time stands still until every closing series has closed, which needs
    // no time.
    private void Settle()
    {
        while (!_server.Pump.IsDead && !_server.Service.Closing.IsCompleted)
        {
            Thread.Yield();
            _server.Pump.Run(static () => { });
        }
    }

    private void Connect(LivesClient client, int snapshot, bool asks)
    {
        Note($"{client.Name} connects id {client.Id} snapshot {snapshot}{(asks ? "!" : "")}");
        _server.Pump.Run(() => client.Connect(_server, snapshot, asks, _market.Now / Minute * Minute));
        _server.Pump.Run(client.Receive);
    }

    private void Disconnect(LivesClient client)
    {
        Note($"{client.Name} leaves");
        _server.Pump.Run(() => client.Disconnect(_random));
    }

    private void Ask(LivesPoller poller)
    {
        Note("poll");
        _server.Pump.Run(() => poller.Ask(_server.History, 60));
    }

    private void AskHistory()
    {
        var start = (_market.Now / Minute - _random.Next(100)) * Minute;
        var query = new HistoryQuery(BtcMinute, start, start + _random.Next(40) * Minute, 30, false, null);
        Note($"history {Short(query.Start!.Value)}..{Short(query.End!.Value)}");
        _server.Pump.Run(() => _ = _server.History.QueryAsync(query, CancellationToken.None));
    }

    private void Retain()
    {
        var before = (_market.Now / Minute - 15 - _random.Next(60)) * Minute;
        Note($"retention {Short(before)}");
        _server.Pump.Run(() => _ = ForgetAsync(_server, before));
    }

    private async Task ForgetAsync(LivesServer server, long before)
    {
        try
        {
            await server.Service.ForgetAsync(BtcMinute, before, CancellationToken.None);
            _forgotten = Math.Max(_forgotten, before);
        }
        catch (StoreUnavailableException)
        {
            // Tried again at the next hour.
        }
    }

    // As the command does it, which is a process of its own.
    private void Backfill()
    {
        if (_storeWeather.IsDown || _storeWeather.IsFull || !_weather.RestIsUp) return;
        var from = (_market.Now / Minute - _random.Next(110)) * Minute;
        Note($"backfill {Short(from)}");
        PumpedContext.Outside(async () =>
        {
            var revs = new RevCounter(_time);
            revs.Raise(await _store.HighestRevAsync(CancellationToken.None));
            var page = LivesProvider.Page(_market, new TimeRange(from, from + 30 * Minute));
            var record = await _store.FindSeriesAsync(BtcMinute, CancellationToken.None) ?? SeriesRecord.Nothing;
            var told = await CandleArchive.MayBeToldFromAsync(_store, BtcMinute, CancellationToken.None);
            // Of an open series it takes only history: what was told the series repairs itself, and what a command stores there it cannot
            // know (docs/storage.md).
            var until = _server.Service.TryFind(BtcMinute, out var hub)
                ? Math.Min(told, hub.Lead.RepairsFrom(_market.Now) ?? long.MaxValue)
                : long.MaxValue;
            foreach (var missing in record.Verified.MissingIn(page.Range with { To = Math.Min(page.Range.To, until) }).Ranges)
            {
                var (candles, verified) = HistoryFill.Trusted(BtcMinute.Timeframe, page.Part(missing));
                if (verified.IsEmpty) continue;
                var held = await _store.ReadAsync(BtcMinute, verified.Ranges[0], int.MaxValue, false, CancellationToken.None).ToListAsync();
                var numbered = CandleArchive.Numbered(candles, held, told, revs);
                await _store.SaveAsync(new StoreBatch([.. numbered.Select(c => new StoredCandle(BtcMinute, c))],
                    [new SeriesChange(BtcMinute, verified, TimeRangeSet.Empty, ToldFrom: told)]), CancellationToken.None);
            }

            return true;
        });
        // It numbers by a clock of its own: who joins afterwards joins after its numbers.
        Pass(1);
    }

    private void Kill()
    {
        Note("kill");
        foreach (var client in _clients) client.Disconnect(_random);
        _poller.HangUp();
        ForgetWhatIsLost();
        _server.Kill();
        if (_folder is not null)
        {
            CloseSqlite();
            _store = OpenSqlite();
        }

        Pass(_random.Next(2) * _random.Next(180_000));
        _server = StartServer();
    }

    private void Restart()
    {
        Note("restart");
        foreach (var client in _clients) client.Disconnect(_random);
        _poller.HangUp();
        var stopping = Task.CompletedTask;
        _server.Pump.Run(() => stopping = _server.DisposeAsync().AsTask());
        Settle();
        for (var i = 0; i < 20 && !stopping.IsCompleted; i++) Pass(1_000);
        Assert.True(stopping.IsCompleted, "the server does not stop");
        stopping.GetAwaiter().GetResult();
        ForgetWhatIsLost();
        _server.Kill();
        Pass(_random.Next(2) * _random.Next(180_000));
        _server = StartServer();
    }

    // What a process told while its store took no writes is lost with it: no later one can know it (docs/storage.md). Its clients come back
    // as new ones.
    private void ForgetWhatIsLost()
    {
        if (_server.Writer.Failure is null) return;
        foreach (var client in _clients) client.StartAnew();
        _poller.StartAnew();
    }

    private LivesServer StartServer() => new(_store, _storeWeather, _market, _weather, _random, _time);

    private void Set<T>(string what, T value) => Note($"{what} {value}");

    private void Note(string step) => _steps.Add(step);

    private static string Short(long time) => $"{(time - Noon) / Minute}m";

    private void Judge()
    {
        // Also what a step did without a moment passing has arrived.
        Receive();
        var record = KnownRecord();
        foreach (var client in _clients.Where(c => c.IsSynced && c.Held.Count > 0))
        {
            if (FirstMissing(client.Held, client.ShownFrom, TimeRangeSet.Of(client.Gaps), record) is { } missing)
                Assert.Fail(
                    $"{client.Name} ({client.LastMode}) lacks {Short(missing.Time)}, no gap names it, and its time is verified; now {Short(_market.Now)}; {Versions(missing.Time, client.Held)}; {Describe()}");
            if (FirstUnsent(client) is { } unsent)
                Assert.Fail(
                    $"{client.Name} ({client.LastMode}) was not sent {Short(unsent.Time)} with rev {unsent.Rev}; sent is what changed after {client.SentAfter}, up to {client.Id}; now {Short(_market.Now)}; {Versions(unsent.Time, client.Held)}; {Describe()}");
        }
    }

    // A candle with a rev after the answer's is in the next one.
    private void JudgePoller()
    {
        if (_poller.Held.Count == 0 || FirstMissing(_poller.Held, _poller.ShownFrom, _poller.Gaps, KnownRecord()) is not { } missing)
            return;
        var stored = PumpedContext.Outside(async () => await _store.ReadAsync(
            BtcMinute, new TimeRange(missing.Time, missing.Time + 1), 1, false, CancellationToken.None).ToListAsync());
        stored = [.. stored, .. _server.Writer.Unsaved(BtcMinute).Candles.Where(c => c.Time == missing.Time)];
        if (_server.Service.TryFind(BtcMinute, out var hub))
            stored.AddRange(hub.Look(new TimeRange(missing.Time, missing.Time + 1)).Candles);
        Assert.True(
            stored.Any(c => c.Rev > _poller.AsOf),
            $"the poller lacks {Short(missing.Time)}, no gap names it, and its time is verified; asof {_poller.AsOf}; {Versions(missing.Time, _poller.Held)}; {Describe()}");
    }

    private Candle? FirstMissing(IReadOnlyDictionary<long, Candle> held, long oldest, TimeRangeSet gaps, SeriesRecord record)
    {
        foreach (var candle in _market.Candles)
        {
            if (candle.Time < oldest || candle.Time + Minute + SettledMs > _market.Now) continue;
            if (held.TryGetValue(candle.Time, out var known) && known.Closed) continue;
            if (!gaps.Contains(candle.Time) && record.Verified.Contains(candle.Time)) return candle;
        }

        return null;
    }

    // Whatever was shown: a version that came after the client did was sent.
    private Candle? FirstUnsent(LivesClient client)
    {
        if (!_server.Service.TryFind(BtcMinute, out var hub)) return null;
        foreach (var candle in hub.Look(new TimeRange(0, long.MaxValue)).Candles)
        {
            if (candle.Rev > client.SentAfter && candle.Rev <= client.Id
                && !(client.Held.TryGetValue(candle.Time, out var known) && known.Rev >= candle.Rev)) return candle;
        }

        return null;
    }

    private void CompareWithLedger(string who, IReadOnlyDictionary<long, Candle> held, long oldest, TimeRangeSet verified, long last)
    {
        foreach (var candle in _market.Candles.Where(c => c.Time >= oldest && c.Time + Minute <= last && verified.Contains(c.Time)))
            Assert.True(
                held.TryGetValue(candle.Time, out var known) && known.Closed && known.HasSameValues(candle),
                $"{who} holds {(held.ContainsKey(candle.Time) ? known : null)} where the ledger has {candle} ({Short(candle.Time)}); {Versions(candle.Time, held)}; {Describe()}");
        Assert.All(held.Keys.Where(t => t + Minute <= last),
            t => Assert.True(_market.In(new TimeRange(t, t + 1)).Any(), $"{who} holds {Short(t)}, which the ledger does not have"));
    }

    // What is stored or waits, whatever the weather.
    private SeriesRecord Record() => _server.Writer.Unsaved(BtcMinute).Changes.Aggregate(
        PumpedContext.Outside(() => _store.FindSeriesAsync(BtcMinute, CancellationToken.None)) ?? SeriesRecord.Nothing,
        (record, change) => record.With(change));

    // As the server knows it: not yet what a store that is away remembers, nor what a backfill beside an open series verified.
    private SeriesRecord KnownRecord()
    {
        var record = Record();
        return _server.Service.TryFind(BtcMinute, out var hub) ? record with { Verified = hub.Lead.Verified } : record;
    }

    private bool IsMended() =>
        _server.Service.Hubs.All(h => h.Status is { Connected: true, Gaps.IsEmpty: true } && h.Lead.NextRepair() is null)
        && _clients.All(c => c.IsSynced) && _server.Writer.Failure is null;

    // The candle of a time as the client, the open series and the store have it.
    private string Versions(long time, IReadOnlyDictionary<long, Candle> held)
    {
        var range = new TimeRange(time, time + 1);
        var stored =
            PumpedContext.Outside(async () => await _store.ReadAsync(BtcMinute, range, 1, false, CancellationToken.None).ToListAsync());
        var (open, waiting) = (_server.Service.Hubs.SelectMany(h => h.Look(range).Candles),
            _server.Writer.Unsaved(BtcMinute).Candles.Where(c => c.Time == time));
        return $"held {(held.TryGetValue(time, out var known) ? Version(known) : "-")}, open {Versions(open)}, waiting {Versions(waiting)}, stored {Versions(stored)}";

        static string Versions(IEnumerable<Candle> candles) => candles.Select(Version).SingleOrDefault() ?? "-";
        static string Version(Candle candle) => $"{candle.Rev}{(candle.Closed ? "" : " forming")}";
    }

    private string Describe()
    {
        var record = Record();
        return $"complete from {record.CompleteFrom}, told from {(record.ToldFrom == SeriesRecord.NothingTold ? "-" : Short(record.ToldFrom))}, verified {Shorts(record.Verified.Ranges)}; "
            + string.Join(
                "; ",
                _server.Service.Hubs.Select(
                    h =>
                        $"{h.Status.Feed.State} gaps {Shorts(h.Status.Gaps)} next {h.Lead.NextRepair()} known {Shorts(h.Look(default).Known.Ranges)}"));
    }

    private static string Shorts(IEnumerable<TimeRange> ranges) =>
        string.Join(' ', ranges.Select(r => $"[{Short(r.From)},{(r.To == long.MaxValue ? "…" : Short(r.To))})"));

    private SqliteCandleStore OpenSqlite()
    {
        var store = new SqliteCandleStore(new StorageOptions { SqlitePath = Path.Combine(_folder!, "lives.db") }, TimeProvider.System,
            NullLogger<SqliteCandleStore>.Instance);
        PumpedContext.Outside(async () =>
        {
            await store.OpenAsync("lives", exclusive: true, CancellationToken.None);
            return true;
        });
        return store;
    }

    private void CloseSqlite() => PumpedContext.Outside(async () =>
    {
        await _store.DisposeAsync();
        return true;
    });
}
