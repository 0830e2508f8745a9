using System.Text.Json;

namespace CandleStream.Tests.Truth;

/// <summary>What one client holds of one series, by time and rev, as docs/protocol.md says a client should.</summary>
internal sealed class HeldCandles(string owner, Func<bool> wasToldWrongTime)
{
    private readonly SortedDictionary<long, Candle> _candles = [];

    /// <summary>From here on nothing may be missing: the oldest candle of the first answer since the last reset. Null before it.</summary>
    public long? From { get; private set; }

    public IReadOnlyCollection<Candle> All => _candles.Values;

    public Candle? Newest { get; private set; }

    public Candle? At(long time) => _candles.TryGetValue(time, out var candle) ? candle : null;

    public void Forget()
    {
        _candles.Clear();
        (From, Newest) = (null, null);
    }

    /// <summary>The answer a client begins with, oldest candle first.</summary>
    public void Begin(IReadOnlyList<Candle> candles)
    {
        foreach (var candle in candles) Take(candle);
        if (candles.Count > 0) From ??= candles[0].Time;
    }

    public void Take(in Candle candle)
    {
        if (_candles.TryGetValue(candle.Time, out var known))
        {
            if (known.Rev > candle.Rev) return;
            if (known.Rev == candle.Rev && known != candle)
                throw new InvalidOperationException($"{owner}: {candle} has the rev of {known}");
            // Only a wrong time that the exchange takes back opens a candle again.
            if (known.Closed && !candle.Closed && !wasToldWrongTime())
                throw new InvalidOperationException($"{owner}: a closed candle opened again: {candle} after {known}");
        }

        _candles[candle.Time] = candle;
        if (Newest is not { } newest || candle.Time >= newest.Time) Newest = candle;
    }

    public static Candle Read(JsonElement json) => new(
        json.GetProperty("time").GetInt64(),
        json.GetProperty("open").GetDecimal(),
        json.GetProperty("high").GetDecimal(),
        json.GetProperty("low").GetDecimal(),
        json.GetProperty("close").GetDecimal(),
        json.GetProperty("volume").GetDecimal(),
        json.GetProperty("closed").GetBoolean(),
        new Rev(json.GetProperty("rev").GetInt64()));

    public static IReadOnlyList<Candle> ReadAll(JsonElement json) => [.. json.EnumerateArray().Select(Read)];
}
