using CandleStream.Simulator;
using CandleStream.Simulator.Faults;

namespace CandleStream.Tests.Truth;

/// <summary>Lets every kind of fault strike the simulated exchange at random.</summary>
internal sealed class FaultStorm(Random random, IReadOnlyList<string> keys)
{
    private const int ShortestSilenceMs = 25_000;

    private static readonly FaultKind[] Kinds = [.. Enum.GetValues<FaultKind>()];

    private readonly List<FaultKind> _struck = [];

    /// <summary>What struck so far, for the report of a failure.</summary>
    public string History => string.Join(' ', _struck);

    public bool HasStruck(FaultKind kind) => _struck.Contains(kind);

    public void Strike(BitfinexSimulator exchange)
    {
        var kind = Kinds[random.Next(Kinds.Length)];
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
        };
        // A silent channel misses at least one heartbeat. A single frame that is swallowed before it is numbered leaves no trace, and numbers are what shows a real loss (Drop, SequenceGap).
        if (kind == FaultKind.Silence) fault = fault with { Count = null, Every = 1, ForMs = Math.Max(ShortestSilenceMs, fault.ForMs ?? 0) };
        exchange.Faults.Add(fault);
    }
}
