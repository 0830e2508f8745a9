using System.Collections.Concurrent;
using CandleStream.Streaming.Series;
using Microsoft.Extensions.Logging;

namespace CandleStream.EndToEndTests.Stream;

/// <summary>A sink of every hub that remembers the newest version of each candle.</summary>
internal sealed class UpdateLog : ICandleSink
{
    private readonly ConcurrentDictionary<(SeriesKey, long), Candle> _candles = new();
    private long _count;

    public long Count => Volatile.Read(ref _count);

    public void OnUpdate(CandleUpdate update)
    {
        _candles[(update.Series, update.Candle.Time)] = update.Candle;
        Interlocked.Increment(ref _count);
    }

    public void OnFirstMerge(SeriesKey series, IReadOnlyList<CandleUpdate> changed)
    {
        foreach (var update in changed) OnUpdate(update);
    }

    public void OnStatus(SeriesStatus status)
    {
    }

    /// <summary>The candles of a series, oldest first.</summary>
    public List<Candle> Of(SeriesKey series) => [.. _candles.Where(c => c.Key.Item1 == series).Select(c => c.Value).OrderBy(c => c.Time)];
}

/// <summary>Keeps what is logged as an error: a test that ends well must have none.</summary>
internal sealed class ErrorLog : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();

    /// <summary>Fails with all of them, exceptions included.</summary>
    public void AssertNone() => Assert.True(_lines.IsEmpty, string.Join('\n', _lines));

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel) && !IsRaceInsideKestrel(exception)) _lines.Enqueue($"{formatter(state, exception)} {exception}");
    }

    public void Dispose()
    {
    }

    // Kestrel ends a TLS connection by a last flush. With HTTP/2 its own last frame may still be on its way then, and SslStream refuses the
    // flush. Kestrel logs that as an error. Our code never writes to that stream. Source: https://github.com/dotnet/aspnetcore/issues/43625
    private static bool IsRaceInsideKestrel(Exception? exception) =>
        exception is NotSupportedException
        && exception.StackTrace?.Contains(
            "Kestrel.Core.Internal.DuplexPipeStreamAdapter`1.DisposeAsync()", StringComparison.Ordinal) == true;
}
