using System.Diagnostics;
using System.IO.Compression;
using CandleStream.Server.Streams.Events;
using CandleStream.Simulator;
using CandleStream.Simulator.Markets;

namespace CandleStream.Benchmarks;

/// <summary>
/// Bytes and time of a compressed event, for an hour of the simulator's market and for recordings (<c>PAIR=FILE</c>, as the simulator reads
/// them): by the history of the reader's last events as the server sends it, and by the framework's compressor of one stream, flushed after
/// each event. Bytes are exact and the same in every run.
/// </summary>
internal static class CompressionBench
{
    private const long Hour = 1_714_564_800_000;
    private const long HeartbeatMs = 15_000;
    private const int Together = 12;
    private const int Rounds = 9;

    private static readonly string[] Pairs =
        [.. SyntheticMarket.DefaultPairs, .. Enumerable.Range(1, 20 - SyntheticMarket.DefaultPairs.Count).Select(n => $"PAIR{n:D2}USD")];

    public static Task<int> RunAsync(string[] args)
    {
        Console.WriteLine(
            "events             count  plain  history  gzip/stream  ditto, fastest  µs history : gzip/stream (median of turns)");
        Measure("BTCUSD:1m", Events(["BTCUSD"], deltas: false), 1);
        Measure("BTCUSD:1m, delta=1", Events(["BTCUSD"], deltas: true), 1);
        Measure("20 pairs", Events(Pairs, deltas: false), 1);
        Measure("20 pairs, delta=1", Events(Pairs, deltas: true), 1);
        Measure("20 pairs by 12", Events(Pairs, deltas: false), Together);
        foreach (var file in args.Select(arg => arg.Split('=', 2)))
            Measure($"recorded {file[0]}", Recorded(file[0], file[1]), 1);
        return Task.FromResult(0);
    }

    private static void Measure(string name, List<Frame> events, int together)
    {
        var (plain, ours) = (events.Sum(e => (long)e.Plain.Length), 0L);
        var (gzip, fastest) = (Gzip(events, together, CompressionLevel.Optimal), Gzip(events, together, CompressionLevel.Fastest));
        var turns = new List<(double Ours, double Gzip)>();
        for (var round = 0; round < Rounds; round++)
        {
            var began = Stopwatch.GetTimestamp();
            ours = History(events, together);
            var between = Stopwatch.GetTimestamp();
            Gzip(events, together, CompressionLevel.Optimal);
            var oursTook = Stopwatch.GetElapsedTime(began, between).TotalMicroseconds;
            turns.Add((oursTook / events.Count, Stopwatch.GetElapsedTime(between).TotalMicroseconds / events.Count));
        }

        turns.Sort((a, b) => (a.Ours / a.Gzip).CompareTo(b.Ours / b.Gzip));
        var (ourTime, gzipTime) = turns[Rounds / 2];
        double n = events.Count;
        Console.WriteLine(
            $"{name,-18} {n,5} {plain / n,6:F1} {ours / n,8:F1} {gzip / n,12:F1} {fastest / n,15:F1}  {ourTime:F1} : {gzipTime:F1}");
    }

    private static long History(List<Frame> events, int together)
    {
        var (encoder, history, bytes) = (new DeflateEncoder(), default(FrameHistory), 0L);
        var all = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(events);
        for (var at = 0; at < all.Length; at += together)
        {
            var block = all.Slice(at, Math.Min(together, all.Length - at));
            bytes += encoder.Encode(history, block).Length;
            foreach (var e in block) history.Add(e);
        }

        return bytes;
    }

    private static long Gzip(List<Frame> events, int together, CompressionLevel level)
    {
        using var bytes = new MemoryStream();
        using var gzip = new DeflateStream(bytes, level);
        for (var at = 0; at < events.Count; at += together)
        {
            foreach (var e in events.Skip(at).Take(together)) gzip.Write(e.Plain.Span);
            gzip.Flush();
        }

        return bytes.Length;
    }

    private static List<Frame> Events(string[] pairs, bool deltas)
    {
        var events = new List<(long Time, Frame Frame)>();
        foreach (var pair in pairs)
        {
            var market = new SyntheticPair(1, pair, reportsLate: false);
            var trades = Enumerable.Range(0, 60).SelectMany(minute => market.Trades(Hour + (minute * 60_000L)));
            AddEvents(events, pair, deltas, trades.Select(t =>
                (t.Time, (decimal)t.Price / SyntheticTrade.Unit, (decimal)t.Amount / SyntheticTrade.Unit)));
        }

        return WithHeartbeats(events);
    }

    private static List<Frame> Recorded(string pair, string file)
    {
        var events = new List<(long Time, Frame Frame)>();
        AddEvents(events, pair, deltas: false, RecordedTrades.Read([new TradesFile(pair, file)]).Select(t => (t.Time, t.Price, t.Amount)));
        return WithHeartbeats(events);
    }

    private static List<Frame> WithHeartbeats(List<(long Time, Frame Frame)> events)
    {
        var (first, last) = (events.Min(e => e.Time), events.Max(e => e.Time));
        for (var time = first; time < last; time += HeartbeatMs) events.Add((time, StreamEvents.Heartbeat(time)));
        return [.. events.OrderBy(e => e.Time).Select(e => e.Frame)];
    }

    // Each trade is a version of its forming candle, as the exchange pushes it.
    private static void AddEvents(
        List<(long Time, Frame Frame)> events, string pair, bool deltas, IEnumerable<(long Time, decimal Price, decimal Amount)> trades)
    {
        var series = SeriesKey.Parse($"{pair}:1m");
        Candle? before = null;
        foreach (var (time, price, amount) in trades)
        {
            var minute = time - (time % 60_000);
            if (before is { } old && old.Time != minute)
            {
                events.Add((old.Time + 60_000, StreamEvents.Candle(new CandleUpdate(series, old with { Closed = true }))));
                before = null;
            }

            var candle = before ?? new Candle(minute, price, price, price, price, Volume: 0);
            candle = candle with { High = Math.Max(candle.High, price), Low = Math.Min(candle.Low, price), Close = price };

            // In µs, and no rounder than the clock's.
            candle = candle with { Volume = candle.Volume + amount, Rev = new Rev((time * 1000) + (events.Count * 37 % 1000)) };
            var frame = deltas && before is { } from
                ? StreamEvents.Delta(series, from, candle)
                : StreamEvents.Candle(new CandleUpdate(series, candle));
            events.Add((time, frame));
            before = candle;
        }
    }
}
