using System.ComponentModel.DataAnnotations;

namespace CandleStream.Exchanges.Bitfinex;

/// <summary>Section <c>Bitfinex</c>: where the exchange is, how long we wait for it, and how much we ask of it.</summary>
public sealed class BitfinexOptions : IValidatableObject, IExchangeOptions
{
    /// <summary>The public WebSocket. Default: <c>wss://api-pub.bitfinex.com/ws/2</c>.</summary>
    [Required]
    public Uri WebSocketUrl { get; set; } = new("wss://api-pub.bitfinex.com/ws/2");

    /// <summary>The public REST interface, version included. Default: <c>https://api-pub.bitfinex.com/v2</c>.</summary>
    [Required]
    public Uri RestUrl { get; set; } = new("https://api-pub.bitfinex.com/v2");

    /// <summary>
    /// True says that the other side is a simulator before it could say so itself: nobody may take the first candles for prices. The demo
    /// sets it. Default: false.
    /// </summary>
    public bool Simulated { get; set; }

    /// <summary>
    /// How long a new socket may take until it is greeted; then the attempt has failed. One that greets and does not answer about time
    /// stamps and sequence numbers by then is used without them. Default: 10 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:02:00")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a subscription or its end may go unanswered; then the channel has failed. Default: 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:02:00")]
    public TimeSpan AckTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a channel may be silent, heartbeats included, before it counts as dead. The exchange sends one every 15 s. Default: 35 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:05", "00:10:00")]
    public TimeSpan SilenceLimit { get; set; } = TimeSpan.FromSeconds(35);

    /// <summary>
    /// How long an announced maintenance (20060) may last without its end (20061) before we connect anew. Default: 120 s, the exchange's
    /// own figure.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan MaintenanceLimit { get; set; } = TimeSpan.FromSeconds(120);

    /// <summary>
    /// Channels on one socket; a further series opens another one. The exchange documents 25 and refuses beyond its limit. Default: 25.
    /// </summary>
    [Range(1, 30)]
    public int ChannelsPerSocket { get; set; } = 25;

    /// <summary>New sockets in any 60 s; further ones wait. The exchange refuses an address for 60 s beyond 20. Default: 20.</summary>
    [Range(1, 20)]
    public int NewSocketsPerMinute { get; set; } = 20;

    /// <summary>How long a socket without channels is kept for the next series before it is closed. Default: 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:50")]
    public TimeSpan EmptySocketLinger { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest message read, in bytes; a longer one is skipped and counted as malformed. Default: 1 MiB.</summary>
    [Range(4096, 64 * 1024 * 1024)]
    public int MaxMessageBytes { get; set; } = 1024 * 1024;

    /// <summary>
    /// REST calls in any 60 s, for all purposes together; further ones wait. The exchange documents 30 and blocks an address for 60 s
    /// beyond. Default: 20.
    /// </summary>
    [Range(1, 30)]
    public int RestCallsPerMinute { get; set; } = 20;

    /// <summary>How long a REST call may take. Default: 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:02:00")]
    public TimeSpan RestTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The longest REST answer read, in bytes; a longer one is an error. Default: 8 MiB (10 000 candles need about 1 MiB).
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

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        ExchangeUrls.Check(WebSocketUrl, RestUrl);
}
