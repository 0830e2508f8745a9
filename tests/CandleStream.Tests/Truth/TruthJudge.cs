using System.Collections.Concurrent;
using CandleStream.Providers;
using CandleStream.Simulator;
using CandleStream.Streaming.Series;
using CandleStream.Tests.Support;

namespace CandleStream.Tests.Truth;

/// <summary>
/// Compares what the server and its clients hold with the exchange's own ledger, all the time: no closed candle that is wrong while its
/// time counts as verified, no live price that is older than what was delivered, no candle missing that is neither named nor unverified.
/// </summary>
internal sealed class TruthJudge(TruthPlan plan, BitfinexSimulator exchange, ExchangeTap tap, StoreStorm storm, TimeProvider time)
    : ICandleSink
{
    // A late trade is reported within 12 s, and a candle is closed 5 s after its end at the earliest.
    private const long SettledMs = 66_000;
    private const long GraceMs = 5_000;
    private const long LongestLatenessMs = 15_000;

    private static readonly TimeSpan Delivery = TimeSpan.FromSeconds(1);

    private readonly long _began = time.GetUtcNow().ToUnixTimeMilliseconds();
    private readonly HashSet<SeriesHub> _heard = [];
    private readonly ConcurrentQueue<CandleUpdate> _published = new();

    public static string KeyOf(SeriesKey series) => $"trade:{series.Timeframe}:t{series.Symbol}";

    /// <summary>After every step: what was published in it, and the live prices.</summary>
    public async Task LookAsync(TruthServer server, TruthReader live)
    {
        foreach (var hub in server.Service.Hubs)
        {
            if (_heard.Add(hub)) hub.Attach(this);
            CheckLivePrice(hub, live);
        }

        while (_published.TryDequeue(out var update))
        {
            // A newer version may have followed in the same step: what counts is what is held now.
            if (!server.Service.TryFind(update.Series, out var hub)) continue;
            var candle = update.Candle;
            await CheckClosedAsync(server, hub, candle, Ledger(update.Series, candle.Time, candle.Time).FirstOrDefault());
        }
    }

    /// <summary>Now and then: everything in memory, and what the clients that read now hold of it.</summary>
    public async Task InspectAsync(TruthServer server, IReadOnlyList<TruthReader> readers)
    {
        foreach (var hub in server.Service.Hubs)
        {
            var view = hub.View(plan.CandlesInMemory, new Rev(long.MaxValue));
            if (!view.Merged || view.ExchangeTime is null || view.Newest.Count == 0) continue;
            await CheckNothingMissingAsync(server, hub, view);
            await CheckClosedAsync(server, hub, view.Newest);
            foreach (var reader in readers.Where(r => r.IsCurrent && r.Series.Contains(hub.Key)))
                CheckDelivered(hub.Key, view, reader);
        }
    }

    /// <summary>An answer to a question for a range.</summary>
    public async Task CheckAnswerAsync(TruthServer server, AnsweredRange answer)
    {
        var series = answer.Series;
        if (answer.Candles.Count == 0) return;
        var held = answer.Candles.Select(c => c.Time).ToHashSet();
        foreach (var candle in Ledger(series, Math.Max(answer.Candles[0].Time, OldestKept()),
            Math.Min(answer.Candles[^1].Time, Now() - SettledMs)))
        {
            if (held.Contains(candle.Time) || answer.Gaps.Any(g => g.Contains(candle.Time))) continue;
            var (from, to) = (answer.Candles[0].Time, answer.Candles[^1].Time);
            Assert.Fail($"{series}: an answer of {from} to {to} leaves out {candle}, and names only {string.Join(' ', answer.Gaps)}");
        }

        if (!server.Service.TryFind(series, out var hub)) return;
        await CheckClosedAsync(server, hub, [.. answer.Candles.Where(c => !answer.Gaps.Any(g => g.Contains(c.Time)))]);
    }

    /// <summary>At the end: held, stored, delivered and polled equal the ledger.</summary>
    public async Task CheckAllAsync(TruthServer server, IReadOnlyList<TruthReader> readers, TruthFollower follower, TruthPoller poller)
    {
        Assert.True(await server.Writer.FlushAsync(CancellationToken.None), "the store takes nothing");
        foreach (var series in plan.Series)
        {
            Assert.True(server.Service.TryFind(series, out var hub), $"{series} is not open");
            var view = hub.View(plan.CandlesInMemory, new Rev(long.MaxValue));
            var last = series.Timeframe.StartOf(view.ExchangeTime!.Value - SettledMs) - 1;
            Compare($"{series} stored", Math.Max(_began, OldestKept()), await ReadStoreAsync(server, series));
            Compare($"{series} in memory", Math.Max(Math.Max(view.Newest[0].Time, _began), OldestKept()), view.Newest);
            foreach (var reader in readers) CompareHeld($"{series} delivered", reader.Look(series, Copy));
            CompareHeld($"{series} by the C# client", follower.Look(series, Copy));
            CompareHeld($"{series} polled", Copy(poller.Held(series)));

            void CompareHeld(string what, (long? From, List<Candle> Candles) held)
            {
                Assert.True(held.Candles.Count > 0, $"{what}: nothing");
                Compare(what, Math.Max(Math.Max(held.From ?? _began, _began), OldestKept()), held.Candles);
            }

            void Compare(string what, long from, IEnumerable<Candle> held) =>
                TruthJudge.Compare(what, Ledger(series, from, last), held.Where(c => c.Time >= from && c.Time <= last));
        }
    }

    private static (long? From, List<Candle> Candles) Copy(HeldCandles held) => (held.From, [.. held.All]);

    private static void Compare(string what, IEnumerable<Candle> expected, IEnumerable<Candle> actual)
    {
        var wanted = expected.ToDictionary(c => c.Time);
        var found = actual.ToDictionary(c => c.Time);
        Assert.True(found.Values.All(c => c.Closed), $"{what}: not closed: {found.Values.FirstOrDefault(c => !c.Closed)}");
        var missing = wanted.Keys.Except(found.Keys).Order().ToList();
        Assert.True(missing.Count == 0, $"{what}: {missing.Count} missing, the first at {missing.FirstOrDefault()}");
        var extra = found.Keys.Except(wanted.Keys).Order().ToList();
        Assert.True(extra.Count == 0, $"{what}: {extra.Count} that the exchange does not have, the first at {extra.FirstOrDefault()}");
        foreach (var (at, candle) in found) Assert.True(candle.HasSameValues(wanted[at]), $"{what}: {candle} should be {wanted[at]}");
    }

    private void CheckLivePrice(SeriesHub hub, TruthReader live)
    {
        var series = hub.Key;
        if (!live.IsCurrent || !live.Series.Contains(series) || hub.Status.Feed.State != SeriesState.Live
            || live.StateOf(series) != "live") return;
        if (tap.Newest(KeyOf(series)) is not { } told || time.GetUtcNow() - told.At <= Delivery) return;
        var held = live.Look(series, h => h.At(told.Candle.Time) ?? h.Newest);
        var isOlder = held is not { } price || price.Time < told.Candle.Time
            || (price.Time == told.Candle.Time && price.Volume < told.Candle.Volume);
        var age = (time.GetUtcNow() - told.At).TotalSeconds;
        Assert.False(isOlder,
            $"{series} is live, and its reader has {held}, though {told.Candle} came {age:0.0} s ago, at {told.At:HH:mm:ss.fff}");
    }

    void ICandleSink.OnUpdate(CandleUpdate update)
    {
        if (update.Candle.Closed && update.Candle.Time >= _began) _published.Enqueue(update);
    }

    void ICandleSink.OnFirstMerge(SeriesKey series, IReadOnlyList<CandleUpdate> changed)
    {
        // Looked at with everything in memory.
    }

    void ICandleSink.OnStatus(SeriesStatus status)
    {
        // A feed may be in any state.
    }

    private async Task CheckClosedAsync(TruthServer server, SeriesHub hub, IReadOnlyList<Candle> candles)
    {
        if (candles.Count == 0) return;
        var truth = Ledger(hub.Key, Math.Max(candles[0].Time, _began), candles[^1].Time).ToDictionary(c => c.Time);
        foreach (var candle in candles.Where(c => c.Closed && c.Time >= _began))
            await CheckClosedAsync(server, hub, candle, truth.GetValueOrDefault(candle.Time));
    }

    private async Task CheckClosedAsync(TruthServer server, SeriesHub hub, Candle candle, Candle truth)
    {
        var series = hub.Key;
        if (truth.Time == candle.Time && candle.HasSameValues(truth)) return;
        var held = hub.View(plan.CandlesInMemory, new Rev(long.MaxValue)).Newest.FirstOrDefault(c => c.Time == candle.Time);
        if (held.Rev > candle.Rev) return;
        if (hub.Status.Gaps.Any(g => g.Contains(candle.Time)) || !(await VerifiedAsync(server, series)).Contains(candle.Time)
            || IsOnItsWay(series, candle, truth)) return;
        var wanted = truth.Time == candle.Time ? truth.ToString() : "absent";
        Assert.Fail($"{series}: {candle} is closed and counts as verified, and should be {wanted} at {time.GetUtcNow():HH:mm:ss.fff}");
    }

    // The exchange changed it after it was complete, and has not told us yet.
    private bool IsOnItsWay(SeriesKey series, in Candle candle, in Candle truth)
    {
        var key = KeyOf(series);
        if (tap.Of(key, candle.Time) is { } told && told.Candle.HasSameValues(truth) && time.GetUtcNow() - told.At > Delivery) return false;
        var end = series.Timeframe.EndOf(candle.Time);
        var until = Math.Min(Now(), end + LongestLatenessMs);
        for (var moment = end + GraceMs; moment < until; moment += 100)
        {
            if (exchange.LedgerAt(key, candle.Time, moment) is { } then && candle.HasSameValues(Of(then))) return true;
        }

        return false;
    }

    private async Task CheckNothingMissingAsync(TruthServer server, SeriesHub hub, HubView view)
    {
        var series = hub.Key;
        var held = view.Newest.Select(c => c.Time).ToHashSet();
        var gaps = hub.Status.Gaps;
        foreach (var candle in Ledger(series, Math.Max(Math.Max(view.Newest[0].Time, _began), OldestKept()),
            Math.Min(view.ExchangeTime!.Value, Now()) - SettledMs))
        {
            if (held.Contains(candle.Time) || gaps.Any(g => g.Contains(candle.Time))
                || series.Timeframe.EndOf(candle.Time) > Now() - SettledMs) continue;
            Assert.True(view.Known.Contains(candle.Time),
                $"{series}: {candle} is missing, and its time is neither known nor named; {server.Describe()}");
            Assert.False((await VerifiedAsync(server, series)).Contains(candle.Time),
                $"{series}: {candle} is missing, no gap names it, and its time counts as verified; {server.Describe()}");
        }
    }

    // Everything has settled: what the series holds, who reads it now holds as well.
    private static void CheckDelivered(SeriesKey series, HubView view, TruthReader reader)
    {
        var (from, held) = reader.Look(series, h => (h.From, h.All.ToDictionary(c => c.Time)));
        foreach (var candle in view.Newest.Where(c => c.Closed && c.Time >= from))
        {
            Assert.True(held.TryGetValue(candle.Time, out var given) && given.Rev >= candle.Rev,
                $"{series}: one who reads since {from} has {(held.ContainsKey(candle.Time) ? given.ToString() : "nothing")} for {candle}");
        }
    }

    // As the store has it: what became verified a moment ago may be missing, what is there was claimed.
    private async Task<TimeRangeSet> VerifiedAsync(TruthServer server, SeriesKey series)
    {
        if (storm.Present is not null || !await server.Writer.FlushAsync(CancellationToken.None)) return TimeRangeSet.Empty;
        return (await server.Database.FindSeriesAsync(series, CancellationToken.None))?.Verified ?? TimeRangeSet.Empty;
    }

    private async Task<List<Candle>> ReadStoreAsync(TruthServer server, SeriesKey series)
    {
        var rows = new List<Candle>();
        await foreach (var row in server.Database.ReadAsync(series, new TimeRange(_began, long.MaxValue), int.MaxValue, false,
            CancellationToken.None)) rows.Add(row);
        return rows;
    }

    private IEnumerable<Candle> Ledger(SeriesKey series, long from, long to) =>
        from > to ? [] : exchange.Ledger(KeyOf(series), series.Timeframe.CeilingOf(from), to).Select(Of);

    // What retention may have deleted is nobody's concern.
    private long OldestKept() => plan.Retention is { } kept ? Now() - (long)kept.TotalMilliseconds + SettledMs : long.MinValue;

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();

    private static Candle Of(CandleStream.Simulator.Protocol.MarketCandle c) => new(c.Time, c.Open, c.High, c.Low, c.Close, c.Volume);
}
