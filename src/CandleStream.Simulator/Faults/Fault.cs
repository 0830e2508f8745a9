namespace CandleStream.Simulator.Faults;

/// <summary>
/// One thing that goes wrong: what, to whom, how often. Created by <see cref="FaultBoard.Add"/> or <c>POST /control/faults</c>;
/// what each does is told in docs/simulator.md.
/// </summary>
public sealed record Fault(FaultKind Kind)
{
    /// <summary>Only this candles key; null: all.</summary>
    public string? Key { get; init; }

    /// <summary>Only this connection, by the id that <c>/control/subscriptions</c> shows; null: all.</summary>
    public int? Connection { get; init; }

    /// <summary>How many times it strikes; null: until it is deleted or its time is over.</summary>
    public int? Count { get; init; }

    /// <summary>How long it stays, in ms; null: until it is deleted or used up.</summary>
    public int? ForMs { get; init; }

    /// <summary>Strikes only the n-th chance and then every n-th. Default: 1, each.</summary>
    public int Every { get; init; } = 1;

    /// <summary>
    /// Milliseconds, where the fault has a delay or a wrong time: <c>delay</c>, <c>rest-slow</c>, <c>time-ahead</c>, the time between 20060
    /// and 20061.
    /// </summary>
    public int DelayMs { get; init; } = 1000;

    /// <summary>The error code of <c>subscribe-error</c>. Default: 10300.</summary>
    public int Code { get; init; } = 10300;

    /// <summary>Bytes of a <c>huge</c> frame. Default: 1 MiB.</summary>
    public int Size { get; init; } = 1 << 20;

    /// <summary>
    /// The seconds that <c>rest-429</c> and <c>rest-418</c> tell in <c>Retry-After</c> (Binance); null: the header is missing.
    /// </summary>
    public int? RetryAfter { get; init; }

    /// <summary>The number of channels of <c>address-limit</c>, or of rows of <c>rest-capped</c>. Default: 300.</summary>
    public int Limit { get; init; } = 300;
}

/// <summary>Names on the wire are the same words in kebab case: <c>half-open</c>, <c>rest-slow</c>.</summary>
public enum FaultKind
{
    Cut,
    HalfOpen,
    Silence,
    Restart,
    Maintenance,
    SequenceGap,
    Drop,
    Duplicate,
    Reorder,
    Delay,
    TimeLeap,
    TimeAhead,
    TimeBehind,
    LateRevision,
    ConfRefused,
    ConfWithheld,
    AckWithheld,
    SubscribeError,
    ChanIdReuse,
    Malformed,
    Truncated,
    Huge,
    UnknownEvent,
    NullRow,
    UnparsableRow,
    ImplausibleRow,
    StrayRow,
    ExtraElements,
    Exponents,
    EmptySnapshot,
    OneCandleSnapshot,
    SnapshotHole,
    Upgrade429,
    Unreachable,
    Dns,
    AddressLimit,
    RestUnreachable,
    Rest429,
    Rest429As200,
    Rest418,
    Rest500,
    RestMaintenance,
    RestHtml,
    RestBadGzip,
    RestSlow,
    RestStale,
    RestDateAhead,
    RestDateBehind,
    RestCapped,
    RestOutsideRange,
    RestUnsorted,
    RestDuplicated,
    RestFlatRow,
}
