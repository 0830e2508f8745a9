using System.Collections.Concurrent;

namespace CandleStream;

/// <summary>
/// Lets one log line per kind and minute pass, so that bad input cannot fill a disk. Thread-safe; kinds are few and ours, never the
/// exchange's text.
/// </summary>
internal sealed class LogGate(TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, long> _last = new();

    public bool Allows(string kind)
    {
        var now = time.GetTimestamp();
        if (_last.TryAdd(kind, now)) return true;
        var last = _last[kind];
        return time.GetElapsedTime(last, now) >= Interval && _last.TryUpdate(kind, now, last);
    }
}
