namespace CandleStream.Server.Access;

/// <summary>What a ticket in the path opens.</summary>
/// <param name="Holder">The key it was made for.</param>
/// <param name="Ends">When it is over.</param>
/// <param name="Series">The series that may be read with it; null: all.</param>
internal sealed record PathTicket(ApiKey Holder, DateTimeOffset Ends, IReadOnlySet<SeriesKey>? Series)
{
    /// <summary>A timer cannot wait for a year; it looks once a day.</summary>
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    /// <summary>True where this request may read the series: every request but one whose ticket is for others.</summary>
    public static bool Allows(HttpContext context, SeriesKey series) =>
        context.Features.Get<PathTicket>()?.Series?.Contains(series) ?? true;

    /// <summary>
    /// Calls <paramref name="end"/>, on any thread, when the ticket is over. Dispose what it returns when that matters no more.
    /// </summary>
    public IDisposable EndInTime(Action end, TimeProvider time)
    {
        var first = (Ends - time.GetUtcNow()).Ticks % Day.Ticks;
        return time.CreateTimer(
            _ =>
            {
                if (time.GetUtcNow() >= Ends) end();
            },
            null,
            TimeSpan.FromTicks(Math.Max(0, first)),
            Day);
    }
}
