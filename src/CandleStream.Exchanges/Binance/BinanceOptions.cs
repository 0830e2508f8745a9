using System.ComponentModel.DataAnnotations;

namespace CandleStream.Exchanges.Binance;

/// <summary>Section <c>Binance</c>: where the spot market is, how long we wait for it, and how much we ask of it.</summary>
public sealed class BinanceOptions : IValidatableObject, IExchangeOptions
{
    /// <summary>
    /// The host of the public WebSocket; sockets are opened at its path <c>/stream</c>. Default: <c>wss://data-stream.binance.vision</c>,
    /// which serves market data only.
    /// </summary>
    [Required]
    public Uri WebSocketUrl { get; set; } = new("wss://data-stream.binance.vision");

    /// <summary>
    /// The host of the public REST interface; calls go to <c>/api/v3</c>. Default: <c>https://data-api.binance.vision</c>, which serves
    /// market
    /// data only.
    /// </summary>
    [Required]
    public Uri RestUrl { get; set; } = new("https://data-api.binance.vision");

    /// <summary>
    /// True says that the other side is a simulator before it could say so itself: nobody may take the first candles for prices. The demo
    /// sets it. Default: false.
    /// </summary>
    public bool Simulated { get; set; }

    /// <summary>
    /// How long a socket is used before its series move to a new one; each socket ends up to a tenth earlier, so that they do not move all
    /// at once. The exchange ends a socket after 24 h. Default: 23:50:00.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:10", "1.00:00:00")]
    public TimeSpan SocketLifetime { get; set; } = new(23, 50, 0);

    /// <summary>How long a new socket may take; then the attempt has failed. Default: 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:02:00")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a subscription may go unanswered; then it has failed. Default: 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:02:00")]
    public TimeSpan AckTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a socket may be silent before it counts as dead. From a third of it on we ask for a sign of life. Streams of quiet symbols
    /// may be silent for hours, sockets are not. Default: 60 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:05", "00:10:00")]
    public TimeSpan SilenceLimit { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Streams on one socket; a further series opens another one. The exchange allows 1024. Default: 200.</summary>
    [Range(1, 1024)]
    public int ChannelsPerSocket { get; set; } = 200;

    /// <summary>New sockets in any 60 s; further ones wait. The exchange allows an address 300 in five minutes. Default: 20.</summary>
    [Range(1, 60)]
    public int NewSocketsPerMinute { get; set; } = 20;

    /// <summary>How long a socket without streams is kept for the next series before it is closed. Default: 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00")]
    public TimeSpan EmptySocketLinger { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest message read, in bytes; a longer one is skipped and counted as malformed. Default: 1 MiB.</summary>
    [Range(4096, 64 * 1024 * 1024)]
    public int MaxMessageBytes { get; set; } = 1024 * 1024;

    /// <summary>
    /// REST calls in any 60 s, for all purposes together; further ones wait. A call for candles weighs 2, and the exchange allows a weight
    /// of 6000 a minute; where it says that most of that is used, also by others behind our address, calls wait for the next minute.
    /// Default: 600.
    /// </summary>
    [Range(1, 2500)]
    public int RestCallsPerMinute { get; set; } = 600;

    /// <summary>How long a REST call may take. Default: 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:02:00")]
    public TimeSpan RestTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The longest REST answer read, in bytes; a longer one is an error. Default: 32 MiB (the list of symbols needs many).
    /// </summary>
    [Range(65536, 256 * 1024 * 1024)]
    public int MaxRestAnswerBytes { get; set; } = 32 * 1024 * 1024;

    /// <summary>Failed attempts after which a series is polled over REST. Default: 5.</summary>
    [Range(1, 5)]
    public int FailuresBeforePolling { get; set; } = 5;

    /// <summary>The interval of polls of one series; longer where the REST budget does not suffice for all. Default: 15 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How often the socket is tried while a series is polled or was refused. Default: 60 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan RetryWhilePolling { get; set; } = TimeSpan.FromSeconds(60);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        ExchangeUrls.Check(WebSocketUrl, RestUrl);
}
