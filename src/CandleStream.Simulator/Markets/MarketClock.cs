namespace CandleStream.Simulator.Markets;

/// <summary>Market time of a replay: standing still at a moment, or running from it at a multiple of the real clock. Unix ms.</summary>
internal sealed class MarketClock
{
    private readonly long _from;
    private readonly long _started;
    private readonly double _speed;

    private MarketClock(long from, long started, double speed)
    {
        _from = from;
        _started = started;
        _speed = speed;
    }

    public static MarketClock Still(long moment) => new(moment, 0, 0);

    public static MarketClock Running(long from, TimeProvider time, double speed) => new(from, time.GetTimestamp(), speed);

    public long At(TimeProvider time) =>
        _speed == 0 ? _from : _from + (long)(time.GetElapsedTime(_started).TotalMilliseconds * _speed);
}
