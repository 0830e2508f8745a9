using CandleStream.EndToEndTests.Server;
using CandleStream.EndToEndTests.Stream;

namespace CandleStream.EndToEndTests.History;

/// <summary>
/// A client of the stream that comes back, with the id it had last, however often the server goes away. What it is sent must keep the
/// stream's promises (<see cref="ClientModel"/>).
/// </summary>
internal sealed class StreamFollower : Follower
{
    private static readonly string[] Names = [.. FastMarket.Series.Select(s => s.ToString())];

    private readonly HttpClient _client;

    // Guarded by Gate.
    private readonly ClientModel _model = new();
    private string? _lastEventId;
    private int _joins;
    private int _events;

    public StreamFollower(Uri server)
    {
        _client = new HttpClient { BaseAddress = server, Timeout = Timeout.InfiniteTimeSpan };
        Start(() => RepeatAsync(TimeSpan.FromMilliseconds(50), ReadAsync));
    }

    /// <summary>How often it was joined to the stream.</summary>
    public int Joins
    {
        get
        {
            lock (Gate) return _joins;
        }
    }

    /// <summary>How many events it was sent.</summary>
    public int Events
    {
        get
        {
            lock (Gate) return _events;
        }
    }

    /// <summary>Open time of the newest closed candle of any series.</summary>
    public long NewestClosed => FastMarket.Series.Max(s => Closed(s) is [.., var newest] ? newest.Time : 0);

    protected override IDisposable Client => _client;

    protected override IEnumerable<Candle> Held(SeriesKey series) => _model.Of(series.ToString());

    private async Task ReadAsync()
    {
        string path;
        lock (Gate)
        {
            _model.Connect(Names);
            path =
                $"/candles/stream?series={string.Join(',', Names)}{(_lastEventId is null ? "&snapshot=1000" : $"&last_event_id={_lastEventId}")}";
        }

        await foreach (var (e, id) in _client.FollowAsync(path, Stopping))
        {
            lock (Gate)
            {
                _model.Apply(e);
                _lastEventId = id ?? _lastEventId;
                _events++;
                if (e.Type == "synced") _joins++;
            }
        }
    }
}
