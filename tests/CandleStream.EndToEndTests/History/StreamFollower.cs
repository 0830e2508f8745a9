using CandleStream.EndToEndTests.Server;
using CandleStream.EndToEndTests.Stream;

namespace CandleStream.EndToEndTests.History;

/// <summary>A client of the stream that comes back, with the id it had last, however often the server goes away. What it is sent must keep the stream's promises (<see cref="ClientModel"/>).</summary>
internal sealed class StreamFollower : IAsyncDisposable
{
    private static readonly string[] Names = [.. FastMarket.Series.Select(s => s.ToString())];

    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly HttpClient _client;
    private readonly Task _running;

    // Guarded by _gate.
    private readonly Lock _gate = new();
    private readonly ClientModel _model = new();
    private string? _lastEventId;
    private int _joins;
    private int _events;

    public StreamFollower(Uri server)
    {
        _client = new HttpClient { BaseAddress = server, Timeout = Timeout.InfiniteTimeSpan };
        _running = RunAsync();
    }

    /// <summary>How often it was joined to the stream.</summary>
    public int Joins
    {
        get
        {
            lock (_gate) return _joins;
        }
    }

    /// <summary>How many events it was sent.</summary>
    public int Events
    {
        get
        {
            lock (_gate) return _events;
        }
    }

    /// <summary>The closed candles it holds, oldest first.</summary>
    public IReadOnlyList<Candle> Closed(SeriesKey series)
    {
        lock (_gate) return [.. _model.Of(series.ToString()).Where(c => c.Closed)];
    }

    /// <summary>Open time of the newest closed candle of any series.</summary>
    public long NewestClosed => FastMarket.Series.Max(s => Closed(s) is [.., var newest] ? newest.Time : 0);

    /// <summary>Ends it; throws what it found wrong.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _client.Dispose();
        _stop.Dispose();
        if (_running.IsFaulted) await _running;
    }

    private async Task RunAsync()
    {
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (await pause.WaitForNextTickAsync(_stop.Token))
        {
            try
            {
                await ReadAsync();
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                // The server is away, or went away: it will be back.
            }
        }
    }

    private async Task ReadAsync()
    {
        string path;
        lock (_gate)
        {
            _model.Connect(Names);
            path = $"/candles/stream?series={string.Join(',', Names)}{(_lastEventId is null ? "&snapshot=1000" : $"&last_event_id={_lastEventId}")}";
        }

        await foreach (var (e, id) in _client.FollowAsync(path, _stop.Token))
        {
            lock (_gate)
            {
                _model.Apply(e);
                _lastEventId = id ?? _lastEventId;
                _events++;
                if (e.Type == "synced") _joins++;
            }
        }
    }
}
