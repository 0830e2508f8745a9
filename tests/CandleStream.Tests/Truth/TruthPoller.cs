using CandleStream.Streaming;

namespace CandleStream.Tests.Truth;

/// <summary>
/// A client that only asks, as <c>GET /candles?since=</c> is asked: for the newest candles at first, then each time for what
/// changed after the <c>asof</c> of the answer before. One question at a time; some are never answered, because the server stops.
/// </summary>
internal sealed class TruthPoller(IReadOnlyList<SeriesKey> series) : IAsyncDisposable
{
    private readonly Dictionary<SeriesKey, SortedDictionary<long, Candle>> _candles = series.ToDictionary(s => s, _ => new SortedDictionary<long, Candle>());
    private readonly Dictionary<SeriesKey, long> _asOf = [];
    private CancellationTokenSource _hangUp = new();
    private Task<HistoryAnswer>? _asked;

    public int Answers { get; private set; }

    public int Resets { get; private set; }

    public IReadOnlyCollection<Candle> Candles(SeriesKey key) => _candles[key].Values;

    /// <summary>Asks, unless an answer is still waited for.</summary>
    public void Ask(CandleHistory history, SeriesKey key)
    {
        if (_asked is not null) return;
        long? since = _asOf.TryGetValue(key, out var asOf) ? asOf : null;
        var token = _hangUp.Token;
        // Elsewhere, as a server answers: a question must not be answered within the step that asked it.
        _asked = Task.Run(() => history.QueryAsync(new HistoryQuery(key, null, null, 500, Descending: false, since), token), CancellationToken.None);
    }

    /// <summary>Takes the answer, if it came.</summary>
    public void Receive()
    {
        if (_asked is not { IsCompleted: true } answered) return;
        _asked = null;
        Take(answered.GetAwaiter().GetResult());
    }

    /// <summary>Asks once more and takes the answer.</summary>
    public async Task ReceiveLastAsync(CandleHistory history, SeriesKey key)
    {
        if (_asked is not null) Take(await _asked);
        _asked = null;
        Ask(history, key);
        Take(await _asked!);
        _asked = null;
    }

    /// <summary>The answer that is waited for is lost.</summary>
    public async Task HangUpAsync()
    {
        await _hangUp.CancelAsync();
        if (_asked is not null) await _asked.ContinueWith(static _ => { }, TaskScheduler.Default);
        _asked = null;
        _hangUp.Dispose();
        _hangUp = new CancellationTokenSource();
    }

    public async ValueTask DisposeAsync()
    {
        await HangUpAsync();
        _hangUp.Dispose();
    }

    private void Take(HistoryAnswer answer)
    {
        Answers++;
        var (key, held) = (answer.Series, _candles[answer.Series]);
        Assert.True(answer.AsOf >= _asOf.GetValueOrDefault(key), $"{key}: asof went back from {_asOf.GetValueOrDefault(key)} to {answer.AsOf}");
        _asOf[key] = answer.AsOf;
        if (answer.Reset)
        {
            Resets++;
            held.Clear();
        }

        foreach (var candle in answer.Candles)
        {
            if (held.TryGetValue(candle.Time, out var known))
            {
                Assert.True(candle.Rev > known.Rev || candle == known, $"{key}: was given {candle} after {known}");
                Assert.False(known.Closed && !candle.Closed, $"{key}: a closed candle opened again: {candle}");
            }

            held[candle.Time] = candle;
        }
    }
}
