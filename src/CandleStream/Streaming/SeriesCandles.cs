namespace CandleStream.Streaming;

/// <summary>
/// The newest candles of one series and the rules by which they change: closing, revisions, repeats, REST against push.
/// Knows no clock but exchange time, and does no I/O. Not thread-safe: its hub guards it.
/// </summary>
/// <param name="timeframe">Length of the candles.</param>
/// <param name="capacity">How many candles to hold; older ones are forgotten.</param>
/// <param name="graceMs">How long after its end a candle is closed though no later one appeared, in exchange time.</param>
/// <param name="nextRev">Numbers each change.</param>
internal sealed class SeriesCandles(Timeframe timeframe, int capacity, long graceMs, Func<long> nextRev)
{
    /// <summary>REST answers come through a cache: one is believed over a pushed candle only if it is of this long after the candle's end.</summary>
    public const long RestTrustedAfterMs = 60_000;

    // A candle may open a little ahead of the exchange time we know of (other frames, REST dates of 1 s resolution); further ahead it is garbage that would close all others.
    private const long FutureToleranceMs = 60_000;

    // AsOf: exchange time of the REST answer a candle came from; Pushed: it came over the socket, or from the store, where that is not known.
    private readonly record struct Entry(Candle Candle, bool Pushed, long AsOf);

    // Ascending by time; up to a quarter over capacity, so that forgetting does not move the whole list for every candle.
    private readonly List<Entry> _entries = [];

    public Candle? Newest => _entries.Count == 0 ? null : _entries[^1].Candle;

    public Candle? Oldest => _entries.Count == 0 ? null : _entries[0].Candle;

    /// <summary>The highest exchange time seen, Unix ms; null before the first.</summary>
    public long? ExchangeTime { get; private set; }

    /// <summary>Every change with a higher rev is still held here (or was of a candle too old to be held, and raised this).</summary>
    public long HoldsChangesAfter { get; private set; }

    /// <summary>Starts with what the store holds, oldest first, keeping each candle's rev. Changes after <paramref name="rev"/> will be held.</summary>
    public void Load(IReadOnlyList<Candle> stored, long rev)
    {
        HoldsChangesAfter = rev;
        foreach (var candle in stored) _entries.Add(new Entry(candle, Pushed: true, AsOf: 0));
    }

    /// <summary>True when a candle may be published: plausible for the timeframe, and not from the future as of its frame or answer.</summary>
    public bool IsPlausible(in Candle candle, long? asOf = null) =>
        candle.IsPlausible(timeframe)
        && (ExchangeTime is not { } now || candle.Time <= Math.Max(now, asOf ?? now) + FutureToleranceMs);

    /// <summary>Takes one plausible candle from the socket; appends every change to <paramref name="changes"/>.</summary>
    public void Push(in Candle pushed, List<Candle> changes)
    {
        var index = IndexOf(pushed.Time);
        if (index < 0)
        {
            Insert(~index, new Entry(pushed, Pushed: true, AsOf: 0), changes);
            return;
        }

        var held = _entries[index];
        if (held.Candle.HasSameValues(pushed)) _entries[index] = held with { Candle = held.Candle with { Origin = CandleOrigin.Push }, Pushed = true };
        else Replace(index, new Entry(pushed, Pushed: true, AsOf: 0), changes);
    }

    /// <summary>Takes one plausible candle of a REST answer whose content is of <paramref name="asOf"/> (exchange time).</summary>
    public void Fetch(in Candle fetched, long asOf, List<Candle> changes)
    {
        var index = IndexOf(fetched.Time);
        if (index < 0)
        {
            Insert(~index, new Entry(fetched, Pushed: false, asOf), changes);
            return;
        }

        var held = _entries[index];
        if (!held.Candle.HasSameValues(fetched) && IsBetter(fetched, asOf, held)) Replace(index, new Entry(fetched, Pushed: false, asOf), changes);
    }

    /// <summary>Fills a hole between held candles with stored history, keeping its rev: nobody is told.</summary>
    public void AddHistory(in Candle candle)
    {
        if (IndexOf(candle.Time) is < 0 and var index && ~index > 0 && ~index < _entries.Count) _entries.Insert(~index, new Entry(candle, Pushed: false, AsOf: 0));
    }

    /// <summary>Takes what the store holds, where it answered after the exchange did: held candles are newer than stored ones, and stay. Returns those that were not held.</summary>
    public List<Candle> LoadLate(IReadOnlyList<Candle> stored)
    {
        var added = new List<Candle>();
        foreach (var candle in stored)
        {
            if (IndexOf(candle.Time) is not (< 0 and var index)) continue;
            _entries.Insert(~index, new Entry(candle, Pushed: true, AsOf: 0));
            added.Add(candle);
        }

        Forget();
        return added;
    }

    /// <summary>Forgets the candles that opened before <paramref name="time"/>.</summary>
    public void ForgetBefore(long time)
    {
        var index = IndexOf(time);
        var count = index < 0 ? ~index : index;
        for (var i = 0; i < count; i++) HoldsChangesAfter = Math.Max(HoldsChangesAfter, _entries[i].Candle.Rev);
        _entries.RemoveRange(0, count);
    }

    /// <summary>Moves exchange time forward and closes the newest candle when it passed the candle's end and grace.</summary>
    public void PassTime(long exchangeTime, List<Candle> changes)
    {
        if (ExchangeTime is { } known && exchangeTime <= known) return;
        ExchangeTime = exchangeTime;
        CloseNewestIfPast(changes);
    }

    /// <summary>The held candles with a rev above <paramref name="rev"/>, oldest first.</summary>
    public List<Candle> ChangedSince(long rev) => [.. _entries.Where(e => e.Candle.Rev > rev).Select(e => e.Candle)];

    /// <summary>The newest candles, at most <paramref name="count"/>, oldest first.</summary>
    public List<Candle> Latest(int count) => [.. _entries.Skip(Math.Max(0, _entries.Count - count)).Select(e => e.Candle)];

    /// <summary>The held candles with open times in <paramref name="range"/>, oldest first.</summary>
    public List<Candle> In(TimeRange range) => [.. _entries.Where(e => range.Contains(e.Candle.Time)).Select(e => e.Candle)];

    private bool IsBetter(in Candle fetched, long asOf, in Entry held)
    {
        if (held.Pushed) return asOf >= timeframe.EndOf(fetched.Time) + RestTrustedAfterMs;
        if (!held.Candle.Closed && fetched.Volume < held.Candle.Volume) return false;
        return asOf >= held.AsOf;
    }

    private void Replace(int index, Entry entry, List<Candle> changes)
    {
        var candle = entry.Candle with { Closed = _entries[index].Candle.Closed, Rev = nextRev() };
        _entries[index] = entry with { Candle = candle };
        changes.Add(candle);
    }

    private void Insert(int index, Entry entry, List<Candle> changes)
    {
        var isNewest = index == _entries.Count;
        if (isNewest) CloseNewest(changes);
        var candle = entry.Candle with { Closed = !isNewest || IsPast(entry.Candle.Time), Rev = nextRev() };
        changes.Add(candle);
        if (index == 0 && _entries.Count >= capacity)
            HoldsChangesAfter = Math.Max(HoldsChangesAfter, candle.Rev);
        else
            _entries.Insert(index, entry with { Candle = candle });
        Forget();
    }

    private void Forget()
    {
        if (_entries.Count <= capacity + capacity / 4) return;
        var excess = _entries.Count - capacity;
        for (var i = 0; i < excess; i++) HoldsChangesAfter = Math.Max(HoldsChangesAfter, _entries[i].Candle.Rev);
        _entries.RemoveRange(0, excess);
    }

    private bool IsPast(long openTime) => ExchangeTime is { } now && now >= timeframe.EndOf(openTime) + graceMs;

    private void CloseNewestIfPast(List<Candle> changes)
    {
        if (_entries.Count > 0 && IsPast(_entries[^1].Candle.Time)) CloseNewest(changes);
    }

    private void CloseNewest(List<Candle> changes)
    {
        if (_entries.Count == 0 || _entries[^1].Candle.Closed) return;
        var candle = _entries[^1].Candle with { Closed = true, Rev = nextRev() };
        _entries[^1] = _entries[^1] with { Candle = candle };
        changes.Add(candle);
    }

    private int IndexOf(long time)
    {
        // Nearly every candle is the newest or the one before it.
        for (var i = _entries.Count - 1; i >= 0 && i >= _entries.Count - 2; i--)
        {
            if (_entries[i].Candle.Time == time) return i;
            if (_entries[i].Candle.Time < time) return ~(i + 1);
        }

        int low = 0, high = _entries.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var at = _entries[middle].Candle.Time;
            if (at == time) return middle;
            if (at < time) low = middle + 1;
            else high = middle - 1;
        }

        return ~low;
    }
}
