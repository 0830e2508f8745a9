using CandleStream.Simulator.Markets;

namespace CandleStream.Simulator;

/// <summary>What the simulated exchange is like. The defaults are the public exchange's own limits.</summary>
public sealed record SimulatorOptions
{
    /// <summary>Which exchange it plays. Default: Bitfinex.</summary>
    public SimulatorDialect Dialect { get; init; }

    /// <summary>TCP port on 127.0.0.1. Default: 0, a free one.</summary>
    public int Port { get; init; }

    /// <summary>
    /// False: no socket is opened, only <see cref="ExchangeSimulator.ConnectInProcess()"/> and
    /// <see cref="ExchangeSimulator.CreateHttpHandler"/> reach it. Default: true.
    /// </summary>
    public bool Listen { get; init; } = true;

    /// <summary>Default: synthetic.</summary>
    public MarketKind Market { get; init; } = MarketKind.Synthetic;

    /// <summary>A market of the caller's own making, such as a <see cref="ScriptedMarket"/>; replaces <see cref="Market"/>.</summary>
    public IMarket? CustomMarket { get; init; }

    /// <summary>The synthetic market's seed. Default: 1.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>The synthetic market's pairs, busy to sparse by default.</summary>
    public IReadOnlyList<string> Symbols { get; init; } = SyntheticMarket.DefaultPairs;

    /// <summary>The trades market's recordings.</summary>
    public IReadOnlyList<TradesFile> Trades { get; init; } = [];

    /// <summary>A recording of frames, see docs/simulator.md; replaces <see cref="Market"/>.</summary>
    public string? Frames { get; init; }

    /// <summary>How much faster than recorded a replay runs; infinity: as fast as the subscribers take it. Default: 1.</summary>
    public double Speed { get; init; } = 1;

    /// <summary>Moves a recording by whole minutes so that it begins now. Default: recorded times are kept.</summary>
    public bool ShiftToNow { get; init; }

    /// <summary>Series of the load market. Default: 500.</summary>
    public int Series { get; init; } = 500;

    /// <summary>Updates per second of each series of the load market. Default: 8.</summary>
    public double Rate { get; init; } = 8;

    /// <summary>Updates of one series sent back to back by the load market. Default: 1, spread evenly.</summary>
    public int Burst { get; init; } = 1;

    /// <summary>Candles in a subscription's snapshot. Default: 240.</summary>
    public int SnapshotCandles { get; init; } = 240;

    /// <summary>Channels of one connection, then error 10305. 0: no limit. Default: 30.</summary>
    public int ChannelLimit { get; init; } = 30;

    /// <summary>
    /// Channels of all connections of an address, then error 10305. Default: 0, no limit; the exchange was seen to allow about 300.
    /// </summary>
    public int AddressChannelLimit { get; init; }

    /// <summary>New connections a minute, then 429 for 60 s. 0: no limit. Default: 20.</summary>
    public int ConnectLimit { get; init; } = 20;

    /// <summary>REST calls a minute and endpoint, then 429 for 60 s. 0: no limit. Default: 30.</summary>
    public int RestLimit { get; init; } = 30;

    /// <summary>Between two heartbeats of a channel. Default: 15 s.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>A connection without channels and without client frames is cut after this. Default: 60 s.</summary>
    public TimeSpan IdleCut { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Binance: new connections in five minutes, then 429. 0: no limit. Default: 300.</summary>
    public int BinanceConnectLimit { get; init; } = 300;

    /// <summary>Binance: streams of one connection. Default: 1024.</summary>
    public int StreamLimit { get; init; } = 1024;

    /// <summary>
    /// Binance: messages of a client in a second, pongs included; a connection that sends more is ended. 0: no limit. Default: 5.
    /// </summary>
    public int MessageLimit { get; init; } = 5;

    /// <summary>Binance: REST weight in a minute, then 429, and 418 for those who go on. 0: no limit. Default: 6000.</summary>
    public int WeightLimit { get; init; } = 6000;

    /// <summary>Binance: a connection is ended after this. Default: 24 h.</summary>
    public TimeSpan SocketLifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Binance: between two pushes of a stream. Default: 2 s.</summary>
    public TimeSpan PushInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Kraken: new connections in ten minutes, then 429. 0: no limit. Default: 150.</summary>
    public int KrakenConnectLimit { get; init; } = 150;

    /// <summary>Kraken: REST calls in a minute, then an error for 60 s. 0: no limit. Default: 60.</summary>
    public int KrakenRestLimit { get; init; } = 60;

    /// <summary>Kraken: between two heartbeats of a connection with a subscription. Default: 1 s.</summary>
    public TimeSpan KrakenHeartbeat { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Kraken: candles in a subscription's snapshot. Default: 10.</summary>
    public int KrakenSnapshotCandles { get; init; } = 10;

    /// <summary>The clock of heartbeats, limits, faults and live markets. Default: the system's.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}

/// <summary>Recorded trades of a pair, <c>ts_ms,price,amount</c> with a header line, plain or gzip.</summary>
public sealed record TradesFile(string Pair, string Path);

/// <summary>The exchanges that can be played.</summary>
public enum SimulatorDialect
{
    Bitfinex,
    Binance,
    Kraken,
}

public enum MarketKind
{
    Synthetic,
    Trades,
    Load,
}
