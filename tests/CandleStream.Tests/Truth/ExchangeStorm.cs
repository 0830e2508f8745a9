using CandleStream.Simulator;
using CandleStream.Simulator.Faults;

namespace CandleStream.Tests.Truth;

/// <summary>Lets every kind of fault that the seed knows strike the simulated exchange at random.</summary>
internal sealed class ExchangeStorm(Random random, IReadOnlyList<FaultKind> kinds, IReadOnlyList<string> keys)
{
    private const int ShortestSilenceMs = 25_000;
    private const int MinuteMs = 60_000;
    private const int HourMs = 60 * MinuteMs;

    private static readonly FaultKind[] WrongTimes = [FaultKind.TimeAhead, FaultKind.TimeBehind, FaultKind.RestDateAhead,
        FaultKind.RestDateBehind];

    private readonly List<FaultKind> _struck = [];

    /// <summary>What struck so far, for the report of a failure.</summary>
    public string History => string.Join(' ', _struck);

    /// <summary>
    /// Whether the exchange has told more than one wrong time in a row, so that a candle may have been closed too early, or have been open
    /// too long.
    /// </summary>
    public bool HasToldWrongTime => _struck.Exists(WrongTimes.Contains);

    public void Strike(BitfinexSimulator exchange)
    {
        var kind = kinds[random.Next(kinds.Count)];
        _struck.Add(kind);
        var fault = new Fault(kind)
        {
            Key = random.Next(2) == 0 ? keys[random.Next(keys.Count)] : null,
            // Not for ever and not too often: a storm has calm moments, else nothing but down would be seen.
            Count = random.Next(1, 6),
            ForMs = random.Next(5_000, 240_000),
            Every = random.Next(1, 4),
            DelayMs = random.Next(100, 30_000),
            Code = random.Next(2) == 0 ? 10300 : 10305,
            Limit = random.Next(1, 200),
        };
        exchange.Faults.Add(Fit(fault));
    }

    private Fault Fit(Fault fault) => fault.Kind switch
    {
        // A silent channel misses at least one heartbeat. A single frame that is swallowed before it is numbered leaves no trace, and
        // numbers are what shows a real loss (Drop, SequenceGap).
        FaultKind.Silence => fault with { Count = null, Every = 1, ForMs = Math.Max(ShortestSilenceMs, fault.ForMs ?? 0) },
        // A stamp that is wrong by less than the grace of a candle is the exchange's own lag.
        FaultKind.TimeAhead or FaultKind.RestDateAhead => fault with { DelayMs = random.Next(2 * HourMs, 500 * HourMs) },
        FaultKind.TimeBehind or FaultKind.RestDateBehind => fault with { DelayMs = random.Next(MinuteMs, 2 * HourMs) },
        FaultKind.ConfRefused or FaultKind.ConfWithheld => fault with { Key = null, Every = 1 },
        _ => fault,
    };
}
