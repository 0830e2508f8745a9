namespace CandleStream.Streaming.Series;

/// <summary>Where series live: all that streams, routes and history know of the way a series came to be open.</summary>
public interface ISeriesHome
{
    /// <summary>The process's counter of candle versions.</summary>
    RevCounter Revs { get; }

    /// <summary>The open series: watched, lingering and recorded ones.</summary>
    IReadOnlyCollection<ISeries> OpenSeries { get; }

    /// <summary>The highest time of an exchange that any open series of it knows, Unix ms; null before the first.</summary>
    long? ExchangeTimeOf(Exchange exchange);

    /// <summary>True where series of this exchange can be followed here; of the others there is what the store holds.</summary>
    bool Serves(Exchange exchange);

    /// <summary>
    /// The exchange keeps nothing of a series that is older than this open time (Unix ms), as it said when it was asked; null where it did
    /// not say so.
    /// </summary>
    long? OldestOf(SeriesKey key);

    /// <summary>Finds or opens a series and holds it open until the handle is disposed, and for the linger time after that.</summary>
    /// <exception cref="SeriesLimitException">Too many series are open.</exception>
    /// <exception cref="Providers.ExchangeOffException">The exchange of the series is switched off.</exception>
    /// <exception cref="ObjectDisposedException">The service stops.</exception>
    SeriesHandle Open(SeriesKey key, SeriesUse use = SeriesUse.Watch);

    /// <summary>A poller asked for the present: the series stays followed for the linger time, without counting as a subscriber.</summary>
    /// <exception cref="SeriesLimitException">Too many series are open.</exception>
    /// <exception cref="Providers.ExchangeOffException">The exchange of the series is switched off.</exception>
    /// <exception cref="ObjectDisposedException">The service stops.</exception>
    ISeries Touch(SeriesKey key);

    /// <summary>The series if it is open already; null where nobody follows it.</summary>
    ISeries? Peek(SeriesKey key);

    /// <summary>What can be read of a series without opening it.</summary>
    ISeriesPast Past(SeriesKey key);
}

/// <summary>Why a series is open.</summary>
public enum SeriesUse
{
    /// <summary>A client reads it.</summary>
    Watch,

    /// <summary>It is recorded without a client; its REST calls come last.</summary>
    Record,
}

/// <summary>Holds a series open; disposing it twice does nothing more.</summary>
public sealed class SeriesHandle : IDisposable
{
    private Action? _release;

    internal SeriesHandle(ISeries series, Action release) => (Series, _release) = (series, release);

    public ISeries Series { get; }

    public void Dispose() => Interlocked.Exchange(ref _release, null)?.Invoke();
}

/// <summary>As many series are open as the server allows.</summary>
public sealed class SeriesLimitException(int limit) : Exception($"{limit} series are open: this server follows no more at once.")
{
    /// <summary>The limit, <see cref="StreamingOptions.MaxOpenSeries"/>.</summary>
    public int Limit { get; } = limit;
}
