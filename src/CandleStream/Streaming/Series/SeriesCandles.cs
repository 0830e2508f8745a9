namespace CandleStream.Streaming.Series;

/// <summary>
/// The newest candles of one series and the rules by which they change: closing, revisions, repeats, REST against push.
/// Knows no clock but exchange time, and does no I/O. Not thread-safe: its hub guards it.
/// </summary>
/// <param name="timeframe">Length of the candles.</param>
/// <param name="capacity">How many candles to hold; older ones are forgotten.</param>
/// <param name="graceMs">How long after its end a candle is closed though no later one appeared, in exchange time.</param>
/// <param name="nextRev">Numbers each change.</param>
internal sealed class SeriesCandles(Timeframe timeframe, int capacity, long graceMs, Func<Rev> nextRev)
{
    /// <summary>
    /// REST answers come through a cache: one is believed over a pushed candle only if it is of this long after the candle's end.
    /// </summary>
    public const long RestTrustedAfterMs = 60_000;

    /// <summary>
    /// A candle may open a little ahead of the exchange time we know of (other frames, REST dates of 1 s resolution); further ahead it is
    /// garbage that would close all others.
    /// </summary>
    public const long FutureToleranceMs = 60_000;

    // AsOf: exchange time of the REST answer a candle came from; Pushed: it came over the socket, or from the store, where that is not
    // known.
    private readonly record struct Entry(Candle Candle, bool Pushed, long AsOf);

    // Ascending by time; up to a quarter over capacity, so that forgetting does not move the whole list for every candle.
    private readonly List<Entry> _entries = [];

    // History that was stored before anything was held: the newest of it.
    private readonly SortedDictionary<long, Candle> _early = [];

    public Candle? Newest => _entries.Count == 0 ? null : _entries[^1].Candle;

    public Candle? Oldest => _entries.Count == 0 ? null : _entries[0].Candle;

    /// <summary>The highest exchange time seen, Unix ms; null before the first.</summary>
    public long? ExchangeTime { get; private set; }

    // Exchange time, or an open time that was pushed without one.
    private long? _reached;

    /// <summary>
    /// The latest time that has come as far as closing goes, Unix ms: a candle that ends later is not closed. Null before the first.
    /// </summary>
    public long? Reached => _reached;

    /// <summary>Every change with a higher rev is still held here (or was of a candle too old to be held, and raised this).</summary>
    public Rev HoldsChangesAfter { get; private set; }

    /// <summary>
    /// Starts with what the store holds, oldest first, keeping each candle's rev. Changes after <paramref name="rev"/> will be held.
    /// </summary>
    public void Load(IReadOnlyList<Candle> stored, Rev rev)
    {
        HoldsChangesAfter = rev;
        foreach (var candle in stored) _entries.Add(new Entry(candle, Pushed: true, AsOf: 0));
        ReachStored(stored);
    }

    /// <summary>Takes one plausible candle from the socket; appends every change to <paramref name="changes"/>.</summary>
    /// <param name="pushed">The candle's whole state; closed where the exchange itself says that it is over, and with it all before
    /// it.</param>
    /// <param name="changes">Takes every change.</param>
    /// <param name="exchangeTime">The time of its frame; null where it has none: then the candle itself shows that its open time has
    /// come.</param>
    public void Push(in Candle pushed, List<Candle> changes, long? exchangeTime = null)
    {
        Reach(pushed.Closed ? timeframe.EndOf(pushed.Time) : exchangeTime ?? pushed.Time);
        var index = IndexOf(pushed.Time);
        if (index < 0)
        {
            Insert(~index, new Entry(pushed, Pushed: true, AsOf: 0), changes);
            return;
        }

        if (pushed.Closed) CloseOver(changes, end: index);
        var held = _entries[index];
        if (held.Candle.HasSameValues(pushed))
            _entries[index] = held with { Candle = held.Candle with { Origin = CandleOrigin.Push }, Pushed = true };
        else Replace(index, new Entry(pushed, Pushed: true, AsOf: 0), changes);
        if (pushed.Closed && !_entries[index].Candle.Closed) Mark(index, closed: true, changes);

        // Without times in the frames a held candle that is repeated may be the first sign that its open time has come.
        if (exchangeTime is null) CloseOver(changes);
    }

    /// <summary>Takes one plausible candle of a REST answer whose content is of <paramref name="asOf"/> (exchange time).</summary>
    /// <param name="fetched">The candle.</param>
    /// <param name="asOf">The time of the answer's content.</param>
    /// <param name="changes">Takes every change.</param>
    /// <param name="exchangeTime">The same where the answer tells the time of candles; null while the socket does.</param>
    public void Fetch(in Candle fetched, long asOf, List<Candle> changes, long? exchangeTime = null)
    {
        if (exchangeTime is { } time) Reach(time);
        var index = IndexOf(fetched.Time);
        if (index < 0)
        {
            Insert(~index, new Entry(fetched with { Closed = false }, Pushed: false, asOf), changes);
            return;
        }

        var held = _entries[index];
        if (!held.Candle.HasSameValues(fetched) && IsBetter(fetched, asOf, held))
            Replace(index, new Entry(fetched with { Closed = false }, Pushed: false, asOf), changes);
    }

    /// <summary>
    /// Fills a hole between held candles with stored history, keeping its rev: nobody is told. Before any is held, it waits for
    /// <see cref="AddEarly"/>.
    /// </summary>
    public void AddHistory(in Candle candle)
    {
        if (_entries.Count == 0)
        {
            _early[candle.Time] = candle;
            if (_early.Count > capacity) _early.Remove(_early.Keys.First());
            return;
        }

        if (IndexOf(candle.Time) is < 0 and var index && ~index > 0 && ~index < _entries.Count)
            _entries.Insert(~index, new Entry(candle, Pushed: false, AsOf: 0));
    }

    /// <summary>
    /// After the first candles came: takes what of the early history lies above them and is not among them. Its times are verified, so
    /// clients must be sent it; each is a change.
    /// </summary>
    public void AddEarly(List<Candle> changes)
    {
        if (_early.Count == 0 || Oldest is not { } oldest) return;
        foreach (var candle in _early.Values.Where(c => c.Time > oldest.Time)) Fetch(candle, asOf: 0, changes);
        _early.Clear();
    }

    /// <summary>
    /// Takes what the store holds, where it answered after the exchange did: held candles are newer than stored ones, and stay. Returns
    /// those that were not held.
    /// </summary>
    public List<Candle> LoadLate(IReadOnlyList<Candle> stored)
    {
        var added = new List<Candle>();
        foreach (var row in stored)
        {
            if (IndexOf(row.Time) is not (< 0 and var index) || row.Time > ExchangeTime + FutureToleranceMs) continue;
            var candle = IsAhead(row.Time) ? row with { Closed = false, Rev = nextRev() } : row;
            _entries.Insert(~index, new Entry(candle, Pushed: true, AsOf: 0));
            added.Add(candle);
        }

        Forget();
        ReachStored(stored);
        return added;
    }

    /// <summary>
    /// Forgets the candles of a range that are not closed: something of them is missing, and what comes after them must not close them as
    /// they are. What is fetched of them comes back closed.
    /// </summary>
    public void Withdraw(TimeRange range) => _entries.RemoveAll(e => !e.Candle.Closed && range.Contains(e.Candle.Time));

    /// <summary>Forgets the candles that opened before <paramref name="time"/>.</summary>
    public void ForgetBefore(long time)
    {
        var index = IndexOf(time);
        var count = index < 0 ? ~index : index;
        for (var i = 0; i < count; i++) HoldsChangesAfter = Rev.Max(HoldsChangesAfter, _entries[i].Candle.Rev);
        _entries.RemoveRange(0, count);
    }

    /// <summary>
    /// Moves exchange time forward and closes what is over: the newest candle after its end and grace, older ones after their end.
    /// </summary>
    public void PassTime(long exchangeTime, List<Candle> changes)
    {
        if (exchangeTime < ExchangeTime) return;
        ExchangeTime = exchangeTime;
        Reach(exchangeTime);
        CloseOver(changes);
    }

    /// <summary>
    /// Exchange time becomes known, or the one known was wrong: nothing that is held may be of later. A candle whose end has not come is
    /// not closed, though the store or a wrong time said so. Returns the candles that were forgotten because they open too far ahead.
    /// </summary>
    public List<Candle> SetTime(long exchangeTime, List<Candle> changes)
    {
        ExchangeTime = _reached = exchangeTime;
        var ahead = _entries.FindAll(e => e.Candle.Time > exchangeTime + FutureToleranceMs).ConvertAll(e => e.Candle);
        foreach (var candle in ahead) HoldsChangesAfter = Rev.Max(HoldsChangesAfter, candle.Rev);
        _entries.RemoveRange(_entries.Count - ahead.Count, ahead.Count);

        // Nothing was fetched after this time: a later answer is a newer one.
        for (var i = _entries.Count - 1; i >= 0; i--)
        {
            if (_entries[i].AsOf > exchangeTime) _entries[i] = _entries[i] with { AsOf = exchangeTime };
        }

        var first = _entries.Count;
        while (first > 0 && IsAhead(_entries[first - 1].Candle.Time)) first--;
        for (var i = first; i < _entries.Count; i++)
        {
            if (_entries[i].Candle.Closed) Mark(i, closed: false, changes);
        }

        return ahead;
    }

    /// <summary>The held candles with a rev above <paramref name="rev"/>, oldest first.</summary>
    public List<Candle> ChangedSince(Rev rev) => [.. _entries.Where(e => e.Candle.Rev > rev).Select(e => e.Candle)];

    /// <summary>The newest candles, at most <paramref name="count"/>, oldest first.</summary>
    public List<Candle> Latest(int count) => [.. _entries.Skip(Math.Max(0, _entries.Count - count)).Select(e => e.Candle)];

    /// <summary>The open time of the first held candle at or after <paramref name="time"/>; null where there is none.</summary>
    public long? FirstFrom(long time)
    {
        var index = IndexOf(time);
        if (index < 0) index = ~index;
        return index < _entries.Count ? _entries[index].Candle.Time : null;
    }

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
        var candle = entry.Candle with { Closed = _entries[index].Candle.Closed || entry.Candle.Closed, Rev = nextRev() };
        _entries[index] = entry with { Candle = candle };
        changes.Add(candle);
    }

    private void Insert(int index, Entry entry, List<Candle> changes)
    {
        var isNewest = index == _entries.Count;
        if (isNewest) CloseOver(changes, end: index);
        var candle = entry.Candle with
        {
            Closed = entry.Candle.Closed
            || (isNewest ? IsPast(entry.Candle.Time) : HasEnded(entry.Candle.Time)),
            Rev = nextRev()
        };
        changes.Add(candle);
        if (index == 0 && _entries.Count >= capacity)
            HoldsChangesAfter = Rev.Max(HoldsChangesAfter, candle.Rev);
        else
            _entries.Insert(index, entry with { Candle = candle });
        Forget();
    }

    private void Forget()
    {
        if (_entries.Count <= capacity + capacity / 4) return;
        var excess = _entries.Count - capacity;
        for (var i = 0; i < excess; i++) HoldsChangesAfter = Rev.Max(HoldsChangesAfter, _entries[i].Candle.Rev);
        _entries.RemoveRange(0, excess);
    }

    // The newest candle is closed by exchange time alone, which says nothing of frames on their way: it is given some grace.
    private bool IsPast(long openTime) => ExchangeTime is { } now && now >= timeframe.EndOf(openTime) + graceMs;

    // A candle with a later one behind it is closed by that, but not before its end: the later one may be ahead of exchange time.
    private bool HasEnded(long openTime) => _reached is not { } reached || reached >= timeframe.EndOf(openTime);

    private bool IsAhead(long openTime) => ExchangeTime is { } now && now < timeframe.EndOf(openTime);

    // What the store holds has come, until exchange time tells otherwise.
    private void ReachStored(IReadOnlyList<Candle> stored)
    {
        if (ExchangeTime is null && stored is [.., var newest]) Reach(newest.Time);
    }

    private void Reach(long time) => _reached = Math.Max(_reached ?? time, time);

    // Closes what is over before index `end`; a candle there, or about to be, is a later one. Open candles are the last ones of the list.
    private void CloseOver(List<Candle> changes, int? end = null)
    {
        var count = end ?? _entries.Count;
        var first = count;
        while (first > 0 && !_entries[first - 1].Candle.Closed) first--;
        for (var i = first; i < count; i++)
        {
            var open = _entries[i].Candle.Time;
            if (i == _entries.Count - 1 && end is null ? IsPast(open) : HasEnded(open)) Mark(i, closed: true, changes);
        }
    }

    private void Mark(int index, bool closed, List<Candle> changes)
    {
        var candle = _entries[index].Candle with { Closed = closed, Rev = nextRev() };
        _entries[index] = _entries[index] with { Candle = candle };
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
