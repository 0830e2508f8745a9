using CandleStream.Simulator.Faults;

namespace CandleStream.Tests.Truth;

/// <summary>What a seed is about: its series, its store, its limits, and what may happen in it. A pure function of the seed.</summary>
internal sealed record TruthPlan(int Seed, bool OverLoopback)
{
    /// <summary>
    /// Kinds of faults, of the exchange and the store, that no seed strikes with: empty but while a mend is under way.
    /// CANDLESTREAM_TRUTH_WITHOUT=Kind,Kind names others, to find out which of them makes a seed fail.
    /// </summary>
    private static readonly IReadOnlyList<string> LeftOut =
        Environment.GetEnvironmentVariable("CANDLESTREAM_TRUTH_WITHOUT")?.Split(',') ?? [];

    private static readonly string[] Pairs = ["BTCUSD", "ETHUSD", "SOLUSD", "DUSK:USD", "NEOUSD", "BTCF0:USTF0"];

    // An ordinary noon; the end of a day, a week and a month; the end of a day, fourteen days and a month.
    private static readonly DateTimeOffset[] Starts =
    [
        new(2024, 5, 1, 11, 58, 30, TimeSpan.Zero),
        new(2024, 3, 31, 23, 28, 30, TimeSpan.Zero),
        new(2024, 7, 31, 23, 28, 30, TimeSpan.Zero),
    ];

    // What a stamp or its number would show of a loss is not seen without them.
    private static readonly FaultKind[] UnseenWithoutFlags = [FaultKind.Drop, FaultKind.Reorder, FaultKind.Silence, FaultKind.Duplicate];

    private static readonly FaultKind[] FlagFaults = [FaultKind.ConfRefused, FaultKind.ConfWithheld];

    public DateTimeOffset Start => Starts[Seed % Starts.Length];

    public IReadOnlyList<string> Symbols => HasManySeries ? [.. Pairs, "XRPUSD", "LTCUSD", "ADAUSD", "DOTUSD"] : Pairs;

    public IReadOnlyList<SeriesKey> Series => [.. Symbols.Select(p => $"{p}:1m").Concat(Longer).Select(SeriesKey.Parse)];

    /// <summary>More than one socket's worth.</summary>
    public bool HasManySeries => Seed % 15 == 4;

    public int ChannelsPerSocket => Seed % 4 == 1 ? 2 + Seed % 3 : 25;

    public bool OnPostgres => Seed % 10 == 7;

    /// <summary>Less than a run holds, with its first snapshot, in every fifth seed.</summary>
    public int CandlesInMemory => Seed % 5 == 2 ? 260 : 1000;

    /// <summary>How long candles of a minute are kept; null: for ever.</summary>
    public TimeSpan? Retention => Seed % 6 == 3 ? TimeSpan.FromMinutes(30) : null;

    public bool MayRefuseFlags => Seed % 7 == 5;

    /// <summary>Our own clock is set forth and back.</summary>
    public bool ClockSteps => Seed % 4 == 3;

    public IReadOnlyList<FaultKind> ExchangeFaults => [.. Kinds<FaultKind>().Except(MayRefuseFlags ? UnseenWithoutFlags : FlagFaults)];

    public static IReadOnlyList<StoreFault> StoreFaults => [.. Kinds<StoreFault>()];

    private IEnumerable<string> Longer => HasManySeries
        ? Symbols.SelectMany(p => new[] { $"{p}:5m", $"{p}:15m" })
        : (Seed % 3) switch
        {
            0 => ["ETHUSD:5m", "SOLUSD:1h"],
            1 => ["BTCUSD:1W", "ETHUSD:1M", "NEOUSD:1D"],
            _ => ["BTCUSD:14D", "SOLUSD:1M", "DUSK:USD:15m"],
        };

    private static IEnumerable<T> Kinds<T>()
        where T : struct, Enum => Enum.GetValues<T>().Where(kind => !LeftOut.Contains(kind.ToString()));

    public override string ToString() =>
        $"{Series.Count} series, {ChannelsPerSocket} a socket, {(OnPostgres ? "PostgreSQL" : "SQLite")}, {CandlesInMemory} in memory, "
        + $"retention {Retention?.ToString() ?? "none"}"
        + $"{(MayRefuseFlags ? ", flags refused" : "")}{(ClockSteps ? ", clock steps" : "")}";
}
