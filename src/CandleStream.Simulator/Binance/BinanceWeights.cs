using System.Globalization;
using CandleStream.Simulator.Rest;

namespace CandleStream.Simulator.Binance;

/// <summary>
/// How much of a minute's weight was used, and what becomes of those who use more: 429 until the minute is over, and for those who go on
/// 418, a ban of two minutes (Binance docs, rest-api, "LIMITS").
/// </summary>
internal sealed class BinanceWeights(int perMinute, TimeProvider time)
{
    private const int ToleratedCalls = 5;

    private static readonly TimeSpan Ban = TimeSpan.FromMinutes(2);

    private readonly Lock _gate = new();
    private long _minute;
    private int _used;
    private int _ignored;
    private DateTimeOffset _bannedUntil;

    /// <summary>What every answer tells of it.</summary>
    public IReadOnlyDictionary<string, string> Headers
    {
        get
        {
            lock (_gate)
                return new Dictionary<string, string> { ["X-MBX-USED-WEIGHT-1M"] = _used.ToString(CultureInfo.InvariantCulture) };
        }
    }

    /// <summary>Counts a call; the answer to it where there is no weight left.</summary>
    public RestAnswer? Refuse(int weight)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            if (now < _bannedUntil)
                return Refusal(418, (int)Math.Ceiling((_bannedUntil - now).TotalSeconds));
            var minute = now.ToUnixTimeSeconds() / 60;
            if (minute != _minute)
                (_minute, _used, _ignored) = (minute, 0, 0);
            if (perMinute <= 0 || _used + weight <= perMinute)
            {
                _used += weight;
                return null;
            }
            if (++_ignored <= ToleratedCalls)
                return Refusal(429, (int)(60 - (now.ToUnixTimeSeconds() % 60)));
            _bannedUntil = now + Ban;
            return Refusal(418, (int)Ban.TotalSeconds);
        }
    }

    /// <summary>The answer to a call too many.</summary>
    public static RestAnswer Refusal(int status, int? retryAfterSeconds)
    {
        var answer = RestAnswer.Json("""{"code":-1003,"msg":"Way too much request weight used; IP banned."}""", status);
        return retryAfterSeconds is not { } seconds
            ? answer
            : answer with { Headers = new Dictionary<string, string> { ["Retry-After"] = seconds.ToString(CultureInfo.InvariantCulture) } };
    }
}
