using System.Collections.Concurrent;
using CandleStream.Providers;

namespace CandleStream.Exchanges;

/// <summary>The series of one provider that are followed, and what they share. Thread-safe.</summary>
internal sealed class Following(ExchangeContext shared) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<FollowedSeries, SeriesKey> _followed = new();

    public bool IsSimulated => shared.Options.Simulated || shared.Pool.IsSimulated;

    public FollowedSeries Follow(SeriesKey series, IFeedListener feed)
    {
        var followed = new FollowedSeries(series, feed, shared, ended => _followed.TryRemove(ended, out _));
        _followed[followed] = series;
        return followed;
    }

    /// <summary>Since when a series is followed (timestamp); one that is not: since now.</summary>
    public long Since(SeriesKey series)
    {
        foreach (var (followed, key) in _followed)
            if (key == series) return followed.Since;
        return shared.Time.GetTimestamp();
    }

    /// <summary>Ends all of them, and then their sockets.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_followed.Keys.Select(f => f.DisposeAsync().AsTask()));
        await shared.Pool.DisposeAsync();
    }
}
