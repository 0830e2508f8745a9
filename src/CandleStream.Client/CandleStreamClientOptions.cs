namespace CandleStream.Client;

/// <summary>How a <see cref="CandleStreamClient"/> behaves; the defaults are those of the browser client.</summary>
public sealed class CandleStreamClientOptions
{
    /// <summary>Candles of each series to start with, 0..1000. Default: 1, the running one.</summary>
    public int Snapshot { get; set; } = 1;

    /// <summary>Forming updates a second and series at most; 0 = closed candles only; null = all. Default: null.</summary>
    public double? MaxRate { get; set; }

    /// <summary>True asks for changed fields only; the client puts whole candles together again. Default: false.</summary>
    public bool Delta { get; set; }

    /// <summary>
    /// Waits before the first, second, … reconnect; the last one repeats. Each is shortened by up to half at random. Default: 1, 2, 4, 8,
    /// 16 s.
    /// </summary>
    public IReadOnlyList<TimeSpan> Backoff { get; set; } =
        [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(16)];

    /// <summary>How long a stream must last before the backoff starts from the beginning again. Default: 10 s.</summary>
    public TimeSpan StableAfter { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a stream may be silent, heartbeats included, before it counts as dead. Default: null, two heartbeats as the server
    /// announces them and 5 s.
    /// </summary>
    public TimeSpan? SilenceLimit { get; set; }

    /// <summary>
    /// Failures in a row after which the client also asks <c>GET /candles?since=</c> before each new attempt. Default: 3.
    /// </summary>
    public int PollAfterFailures { get; set; } = 3;

    /// <summary>An API key, sent as <c>X-API-Key</c>; null where the server needs none.</summary>
    public string? ApiKey { get; set; }

    /// <summary>Told when a series must be forgotten: the server no longer holds what this client missed, and starts it anew.</summary>
    public Action<SeriesKey>? OnReset { get; set; }

    /// <summary>Told about every change of a series' state: the series, the state's name, and the reason where there is one.</summary>
    public Action<SeriesKey, string, string?>? OnStatus { get; set; }

    /// <summary>Told why the connection ended, each time, and how long the client will wait.</summary>
    public Action<string, TimeSpan>? OnDisconnected { get; set; }
}
