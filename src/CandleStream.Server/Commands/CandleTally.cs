using CandleStream.Storage;

namespace CandleStream.Server.Commands;

/// <summary>What became of the candles that a command handled; its text is the command's last line.</summary>
internal sealed class CandleTally
{
    private long _new, _changed, _kept;

    public long Refused { get; set; }

    /// <summary>Counts candles that are to be saved over those that are held.</summary>
    public void Count(IEnumerable<Candle> candles, IReadOnlyDictionary<long, Candle> held)
    {
        foreach (var candle in candles) Count(candle, held.TryGetValue(candle.Time, out var old) ? old : null, isTaken: true);
    }

    /// <summary>Counts one candle.</summary>
    /// <param name="candle">What came.</param>
    /// <param name="held">What the store has of that time; null for nothing.</param>
    /// <param name="isTaken">False where the store's values stay though others came.</param>
    public void Count(in Candle candle, Candle? held, bool isTaken)
    {
        if (held is not { } old) _new++;
        else if (isTaken && !old.HasSameValues(candle)) _changed++;
        else _kept++;
    }

    public override string ToString() => $"{_new} new, {_changed} changed, {_kept} kept, {Refused} refused";

    /// <summary>The candles that a store holds between the first and the last of some, by time.</summary>
    public static ValueTask<Dictionary<long, Candle>> HeldAsync(
        ICandleStore store, SeriesKey series, IReadOnlyList<Candle> candles, CancellationToken stop) =>
        candles.Count == 0
            ? ValueTask.FromResult(new Dictionary<long, Candle>())
            : store.ReadAsync(series, new TimeRange(candles[0].Time, candles[^1].Time + 1), int.MaxValue, newestFirst: false, stop)
            .ToDictionaryAsync(c => c.Time, cancellationToken: stop);
}
