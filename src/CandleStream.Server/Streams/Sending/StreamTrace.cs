using System.Diagnostics;

namespace CandleStream.Server.Streams.Sending;

/// <summary>
/// The span of a stream, in the trace of the request that opened it. Written whole at the end: until then there is nothing but this.
/// </summary>
internal sealed class StreamTrace
{
    /// <summary>The source of the spans.</summary>
    public const string SourceName = "CandleStream.Streams";

    private static readonly ActivitySource Source = new(SourceName);

    private readonly ActivityContext _request;
    private readonly DateTimeOffset _began;

    private StreamTrace(ActivityContext request, DateTimeOffset began) => (_request, _began) = (request, began);

    /// <summary>For a stream of the current request; null where it is not traced.</summary>
    public static StreamTrace? Begin(DateTimeOffset now) =>
        Source.HasListeners() && Activity.Current is { Recorded: true } request ? new StreamTrace(request.Context, now) : null;

    public void End(DateTimeOffset now, string reason, long bytes, int series)
    {
        using var span = Source.StartActivity("candles stream", ActivityKind.Internal, _request, startTime: _began);
        span?.SetTag("candlestream.reason", reason).SetTag("candlestream.bytes", bytes).SetTag("candlestream.series", series);
        span?.SetEndTime(now.UtcDateTime);
    }
}
