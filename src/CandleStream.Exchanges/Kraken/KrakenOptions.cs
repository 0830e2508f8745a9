using System.ComponentModel.DataAnnotations;

namespace CandleStream.Exchanges.Kraken;

/// <summary>Section <c>Kraken</c>: where the spot market is, how long we wait for it, and how much we ask of it.</summary>
public sealed class KrakenOptions : IValidatableObject, IExchangeOptions
{
    /// <summary>
    /// The host of the public WebSocket; sockets are opened at its path <c>/v2</c>. Default: <c>wss://ws.kraken.com</c>.
    /// </summary>
    [Required]
    public Uri WebSocketUrl { get; set; } = new("wss://ws.kraken.com");

    /// <summary>
    /// The host of the public REST interface; calls go to <c>/0/public</c>. Default: <c>https://api.kraken.com</c>.
    /// </summary>
    [Required]
    public Uri RestUrl { get; set; } = new("https://api.kraken.com");

    /// <summary>
    /// True says that the other side is a simulator before it could say so itself: nobody may take the first candles for prices. The demo
    /// sets it. Default: false.
    /// </summary>
    public bool Simulated { get; set; }

    /// <summary>How long a new socket may take until it tells its status; then the attempt has failed. Default: 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:02:00")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a subscription or its end may go unanswered; then it has failed. Default: 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:02:00")]
    public TimeSpan AckTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a socket may be silent before it counts as dead. The exchange sends a heartbeat every second; answers to our pings do not
    /// count. Channels of quiet symbols may be silent for hours. Default: 35 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:05", "00:10:00")]
    public TimeSpan SilenceLimit { get; set; } = TimeSpan.FromSeconds(35);

    /// <summary>
    /// How long no frame may tell the exchange's time before we ask for it: candles of quiet symbols are closed by it. Default: 5 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00")]
    public TimeSpan AskTimeAfter { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Symbols on one socket; a further series opens another one, and so does a second timeframe of the same symbol, for the exchange
    /// serves one a socket. Default: 100.
    /// </summary>
    [Range(1, 1000)]
    public int ChannelsPerSocket { get; set; } = 100;

    /// <summary>
    /// New sockets in any 60 s; further ones wait. The exchange refuses an address beyond about 150 in ten minutes. Default: 12.
    /// </summary>
    [Range(1, 15)]
    public int NewSocketsPerMinute { get; set; } = 12;

    /// <summary>How long a socket without symbols is kept for the next series before it is closed. Default: 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:50")]
    public TimeSpan EmptySocketLinger { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest message read, in bytes; a longer one is skipped and counted as malformed. Default: 1 MiB.</summary>
    [Range(4096, 64 * 1024 * 1024)]
    public int MaxMessageBytes { get; set; } = 1024 * 1024;

    /// <summary>
    /// REST calls in any 60 s, for all purposes together; further ones wait. The exchange allows about one a second. Default: 40.
    /// </summary>
    [Range(1, 60)]
    public int RestCallsPerMinute { get; set; } = 40;

    /// <summary>How long a REST call may take. Default: 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:02:00")]
    public TimeSpan RestTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The longest REST answer read, in bytes; a longer one is an error. Default: 8 MiB (the list of symbols needs about 1 MiB).
    /// </summary>
    [Range(65536, 64 * 1024 * 1024)]
    public int MaxRestAnswerBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>Failed attempts after which a series is polled over REST. Default: 5.</summary>
    [Range(1, 5)]
    public int FailuresBeforePolling { get; set; } = 5;

    /// <summary>The interval of polls of one series; longer where the REST budget does not suffice for all. Default: 15 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How often the socket is tried while a series is polled or was refused. Default: 60 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan RetryWhilePolling { get; set; } = TimeSpan.FromSeconds(60);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => ExchangeUrls.Check(WebSocketUrl, RestUrl);
}
