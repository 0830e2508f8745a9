using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;

namespace CandleStream.Tests.Truth;

/// <summary>
/// A client of the stream that believes nothing: it checks each event against docs/protocol.md, and resumes by the last id it got. While it
/// has no stream it may ask <c>GET /candles?since=</c> by that id.
/// </summary>
internal sealed class TruthReader : IAsyncDisposable
{
    private const long OverlapUs = 10_000_000;

    private readonly string _name;
    private readonly IReadOnlyList<SeriesKey> _series;
    private readonly ReaderWishes _wishes;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;
    private readonly ConcurrentQueue<string> _wrong = new();

    // Guards all below: the reading task and the run meet here.
    private readonly Lock _gate = new();
    private readonly Dictionary<SeriesKey, HeldCandles> _held;
    private readonly Dictionary<SeriesKey, string> _states = [];
    private readonly Dictionary<SeriesKey, Rev> _lastRev = [];
    private readonly Dictionary<SeriesKey, Candle> _lastForming = [];
    private readonly Dictionary<SeriesKey, int> _formings = [];
    private readonly List<(SeriesKey Series, IReadOnlyList<Candle> Candles)> _joining = [];
    private readonly List<(SeriesKey Series, Candle Candle)> _missed = [];
    private CancellationTokenSource _leave = new();
    private Task _reading = Task.CompletedTask;
    private DateTimeOffset _askedAt;
    private bool _isSynced;
    private long? _lastId;

    public TruthReader(string name, IReadOnlyList<SeriesKey> series, ReaderWishes wishes, TruthWire wire, TimeProvider time,
        Func<bool> wasToldWrongTime)
    {
        (_name, _series, _wishes, Wire, _time) = (name, series, wishes, wire, time);
        _held = series.ToDictionary(s => s, s => new HeldCandles($"{name} {s}", wasToldWrongTime));
        _http = new HttpClient(wire, disposeHandler: false) { BaseAddress = new Uri("http://truth/"), Timeout = Timeout.InfiniteTimeSpan };
    }

    public TruthWire Wire { get; }

    /// <summary>True while it reads; a stream that could not be had, or ended, leaves it false.</summary>
    public bool IsReading => !_reading.IsCompleted;

    /// <summary>Whether it got <c>synced</c> on the present stream, and reads on.</summary>
    public bool IsCurrent
    {
        get
        {
            lock (_gate) return _isSynced && IsReading && !Wire.IsStalled;
        }
    }

    public bool TakesForming => _wishes.MaxRate is null;

    public IReadOnlyList<SeriesKey> Series => _series;

    public int Resumes { get; private set; }

    public int Resets { get; private set; }

    public int Events { get; private set; }

    public T Look<T>(SeriesKey series, Func<HeldCandles, T> look)
    {
        lock (_gate) return look(_held[series]);
    }

    public string StateOf(SeriesKey series)
    {
        lock (_gate) return _states.GetValueOrDefault(series, "");
    }

    /// <summary>Says what broke the protocol, if anything did.</summary>
    public void Check() => Assert.True(_wrong.IsEmpty, string.Join('\n', _wrong));

    public void Connect()
    {
        if (IsReading) return;
        lock (_gate)
        {
            _isSynced = false;
            _joining.Clear();
            _missed.Clear();
            _lastRev.Clear();
            _lastForming.Clear();
            _formings.Clear();
            _askedAt = _time.GetUtcNow();
        }

        _leave.Dispose();
        _leave = new CancellationTokenSource();
        var leave = _leave.Token;
        _reading = Task.Run(() => ReadAsync(leave), CancellationToken.None);
    }

    /// <summary>Asks for what changed since its last id, as a client does that cannot have the stream.</summary>
    public void Poll(SeriesKey series)
    {
        if (IsReading || _lastId is not { } id) return;
        var leave = _leave.Token;
        _reading = Task.Run(() => PollAsync(series, id, leave), CancellationToken.None);
    }

    public async Task LeaveAsync()
    {
        await _leave.CancelAsync();
        Wire.Cut();
        await _reading;
    }

    public async ValueTask DisposeAsync()
    {
        await LeaveAsync();
        _leave.Dispose();
        _http.Dispose();
    }

    private async Task ReadAsync(CancellationToken leave)
    {
        try
        {
            using var answer = await _http.GetAsync(Path(), HttpCompletionOption.ResponseHeadersRead, leave);
            if (!answer.IsSuccessStatusCode) return;
            await using var body = await answer.Content.ReadAsStreamAsync(leave);
            var events = new EventReader(body);
            while (await events.ReadAsync(leave) is { } read)
            {
                lock (_gate) Take(read);
                if (read.Name == "bye") return;
            }
        }
        catch (Exception end) when (end is HttpRequestException or IOException or OperationCanceledException)
        {
            // The server, the wire or the reader ended it.
        }
        catch (Exception wrong)
        {
            _wrong.Enqueue($"{_name}: {wrong.Message}");
        }
        finally
        {
            lock (_gate) _isSynced = false;
        }
    }

    private async Task PollAsync(SeriesKey series, long id, CancellationToken leave)
    {
        try
        {
            var since = FormattableString.Invariant($"&since={Math.Max(0, id - OverlapUs)}");
            var path = $"candles?symbol={Uri.EscapeDataString(series.Symbol)}&timeframe={series.Timeframe}{since}";
            using var answer = await _http.GetAsync(path, leave);
            if (!answer.IsSuccessStatusCode) return;
            using var json = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(leave));
            lock (_gate)
            {
                var candles = HeldCandles.ReadAll(json.RootElement.GetProperty("candles"));
                if (json.RootElement.TryGetProperty("reset", out var reset) && reset.GetBoolean())
                {
                    _held[series].Forget();
                    _held[series].Begin(candles);
                }
                else
                {
                    foreach (var candle in candles) _held[series].Take(candle);
                }
            }
        }
        catch (Exception end) when (end is HttpRequestException or IOException or OperationCanceledException)
        {
            // As above: it comes back by its old id.
        }
        catch (Exception wrong)
        {
            _wrong.Enqueue($"{_name}: {wrong.Message}");
        }
    }

    private string Path()
    {
        var query = string.Join('&', _series.Select(s => $"series={Uri.EscapeDataString(s.ToString())}"));
        query += _lastId is { } id ? FormattableString.Invariant($"&last_event_id={id}")
            : FormattableString.Invariant($"&snapshot={_wishes.Snapshot}");
        if (_wishes.MaxRate is { } rate) query += FormattableString.Invariant($"&max_rate={rate}");
        return $"candles/stream?{query}{(_wishes.Delta ? "&delta=1" : "")}";
    }

    private void Take(ServerEvent read)
    {
        Events++;
        using var json = JsonDocument.Parse(read.Data);
        var data = json.RootElement;
        if (!_isSynced && read.Name != "synced" && read.Id is not null) throw new InvalidOperationException($"an id before synced: {read}");
        switch (read.Name)
        {
            case "message":
                TakeCandle(read,
                SeriesKey.Parse($"{data.GetProperty("symbol").GetString()}:{data.GetProperty("timeframe").GetString()}"),
                HeldCandles.Read(data)); break;
            case "delta": TakeDelta(read, data); break;
            case "snapshot": TakeSnapshot(SeriesOf(data), HeldCandles.ReadAll(data.GetProperty("candles"))); break;
            case "status": _states[SeriesOf(data)] = data.GetProperty("state").GetString()!; break;
            case "synced": Sync(data); break;
        }

        if (read.Id is { } id) _lastId = long.Parse(id, CultureInfo.InvariantCulture);
    }

    private void TakeCandle(ServerEvent read, SeriesKey series, Candle candle)
    {
        if (!_isSynced)
        {
            _missed.Add((series, candle));
            return;
        }

        if (read.Id is null) throw new InvalidOperationException($"a candle without id after synced: {read}");
        TakeNumbered(series, candle);
    }

    private void TakeDelta(ServerEvent read, JsonElement data)
    {
        var series = SeriesOf(data);
        if (!_wishes.Delta) throw new InvalidOperationException($"a delta that was not asked for: {read}");
        if (!_lastForming.TryGetValue(series, out var last) || last.Rev.Value != data.GetProperty("base").GetInt64()
            || last.Time != data.GetProperty("time").GetInt64())
            throw new InvalidOperationException($"a delta without its base: {read} after {last}");
        TakeNumbered(series, last with
        {
            Open = Changed("open", last.Open),
            High = Changed("high", last.High),
            Low = Changed("low", last.Low),
            Close = Changed("close", last.Close),
            Volume = Changed("volume", last.Volume),
            Rev = new Rev(data.GetProperty("rev").GetInt64()),
        });

        decimal Changed(string field, decimal before) => data.TryGetProperty(field, out var value) ? value.GetDecimal() : before;
    }

    private void TakeNumbered(SeriesKey series, in Candle candle)
    {
        if (candle.Rev <= _lastRev.GetValueOrDefault(series))
            throw new InvalidOperationException($"{series}: {candle} does not rise above {_lastRev[series]}");
        _lastRev[series] = candle.Rev;
        if (!candle.Closed)
        {
            _lastForming[series] = candle;
            CheckRate(series);
        }

        _held[series].Take(candle);
    }

    // One at once, then one in each interval. What piled up on a stalled wire was sent in time; the word that the stream is live may be
    // among it, so time counts from the question.
    private void CheckRate(SeriesKey series)
    {
        if (_wishes.MaxRate is not { } rate) return;
        var count = _formings[series] = _formings.GetValueOrDefault(series) + 1;
        var allowed = 2 + ((decimal)(_time.GetUtcNow() - _askedAt).TotalSeconds * rate);
        if (rate == 0 ? count > 0 : count > allowed)
            throw new InvalidOperationException($"{series}: {count} forming candles, at most {allowed} are allowed by {rate} a second");
    }

    private void TakeSnapshot(SeriesKey series, IReadOnlyList<Candle> candles)
    {
        if (!_isSynced)
        {
            _joining.Add((series, candles));
            return;
        }

        foreach (var candle in candles) _held[series].Take(candle);
        if (candles.Count > 0) _held[series].Begin(candles);
    }

    private void Sync(JsonElement data)
    {
        foreach (var mode in data.GetProperty("series").EnumerateObject())
        {
            var series = SeriesKey.Parse(mode.Name);
            switch (mode.Value.GetString())
            {
                case "reset":
                    Resets++;
                    _held[series].Forget();
                    break;
                case "resumed": Resumes++; break;
                case "fresh" when _lastId is not null:
                    throw new InvalidOperationException($"{series}: fresh for one who came with {_lastId}");
            }
        }

        foreach (var (series, candle) in _missed) _held[series].Take(candle);
        foreach (var (series, candles) in _joining) _held[series].Begin(candles);
        _isSynced = true;
    }

    private static SeriesKey SeriesOf(JsonElement data) => SeriesKey.Parse(data.GetProperty("series").GetString()!);
}

/// <summary>What a reader asks for.</summary>
internal sealed record ReaderWishes(int Snapshot = 1, decimal? MaxRate = null, bool Delta = false);
