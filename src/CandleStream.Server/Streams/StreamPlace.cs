using CandleStream.Server.Access;
using CandleStream.Server.Streams.Sending;
using CandleStream.Streaming.Series;

namespace CandleStream.Server.Streams;

/// <summary>
/// What a stream holds until its end, whether its request lasts as long or not: its series, its share of the limits, its connection's
/// place, what ends it early. Disposed once: by the request, or by the sender that has taken the socket. It knows nothing of the request.
/// </summary>
/// <param name="limiter">Left at the end.</param>
/// <param name="share">Entered there.</param>
/// <param name="count">How many series it will hold.</param>
internal sealed class StreamPlace(StreamLimiter limiter, ClientShare share, int count) : IDisposable
{
    private readonly List<SeriesHandle> _series = new(count);
    private CancellationTokenRegistration _revoked;
    private IDisposable? _over;
    private ConnectionPlace? _connection;
    private StreamCounters? _counters;

    public IReadOnlyList<SeriesHandle> Series => _series;

    public void Add(SeriesHandle series) => _series.Add(series);

    public void CountIn(StreamCounters counters)
    {
        _counters = counters;
        counters.StreamOpened();
    }

    /// <summary>The connection counts as long as the stream, even where the web server has forgotten it.</summary>
    public void Hold(ConnectionPlace? connection)
    {
        connection?.Hold();
        _connection = connection;
    }

    /// <summary>Lets the connection leave its sender when the key is taken away or the ticket is over; null: not by that.</summary>
    public void EndWith(ApiKey? key, PathTicket? ticket, Sender sender, Connection connection, TimeProvider time)
    {
        if (key is null && ticket is null) return;
        _revoked = key?.Removed.UnsafeRegister(_ => Leave(), null) ?? default;
        _over = ticket?.EndInTime(Leave, time);

        void Leave() => sender.Post(new LeaveCommand(connection));
    }

    public void Dispose()
    {
        // Not waiting for a callback that is running: it only posts.
        _revoked.Unregister();
        _over?.Dispose();
        foreach (var series in _series) series.Dispose();
        limiter.Leave(share);
        _connection?.LetGo();
        _counters?.StreamClosed();
    }
}
