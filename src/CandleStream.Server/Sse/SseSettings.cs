namespace CandleStream.Server.Sse;

/// <summary>What a client asked for beyond its series.</summary>
/// <param name="Deltas">Forming candles as changes where possible.</param>
/// <param name="FormingInterval">Time between two forming candles of a series in timestamps; 0 = no limit, <see cref="ClosedOnly"/> = none at all.</param>
internal readonly record struct SseSettings(bool Deltas, long FormingInterval)
{
    public const long ClosedOnly = -1;
}
