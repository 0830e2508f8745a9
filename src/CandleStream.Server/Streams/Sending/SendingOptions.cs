using System.ComponentModel.DataAnnotations;

namespace CandleStream.Server.Streams.Sending;

/// <summary>Section <c>Streaming</c>: how streams are sent, and how many.</summary>
public sealed class SendingOptions : IValidatableObject
{
    /// <summary>What one waiting event costs besides its bytes, which all readers of a series share.</summary>
    private const int WaitingEventBytes = 32;

    public const string Section = "Streaming";

    /// <summary>
    /// Streams served at once; one more is answered 429. Default: 20000, or four fifths of <c>Security:MaxConnections</c> where
    /// <c>ulimit -n</c> has lowered that.
    /// </summary>
    [Range(1, 1_000_000)]
    public int MaxStreams { get; set; } = 20_000;

    /// <summary>
    /// Streams one client address may hold; one more is answered 429. Loopback is not limited: it is where proxies and tools live. Default:
    /// 50.
    /// </summary>
    [Range(1, 1_000_000)]
    public int MaxStreamsPerAddress { get; set; } = 50;

    /// <summary>
    /// Streams one key may hold, whatever addresses they come from; one more is answered 429. A stream with a key does not count for its
    /// address. Default: 500.
    /// </summary>
    [Range(1, 1_000_000)]
    public int MaxStreamsPerKey { get; set; } = 500;

    /// <summary>
    /// The most memory in megabytes that stalled readers may hold together: <c>MaxStreams</c> times twice <c>SendBufferBytes</c> and 64
    /// bytes for each of <c>PendingClosedCandles</c>. Limits that allow more stop the start. Default: 4096.
    /// </summary>
    [Range(1, 1_000_000)]
    public int MaxReaderMemoryMegabytes { get; set; } = 4096;

    /// <summary>
    /// Take the connection's socket from the web server where nothing stands between it and the response (Linux, HTTP/1.1, no TLS), and
    /// send on it, for a fraction of the memory. False: always through the web server's writer. Default: true.
    /// </summary>
    public bool DirectSockets { get; set; } = true;

    /// <summary>
    /// Send to many sockets with one system call (io_uring; Linux 6.1): less CPU per event. <c>auto</c>: wherever the system lets it, which
    /// is tried at the start and told in a line of the log, and where 16 or more sends come together. <c>true</c>: for fewer, too.
    /// <c>false</c>: never. Where it is refused, or fails later, sends are made one by one. Default: <c>auto</c>.
    /// </summary>
    public BatchedSends BatchedSends { get; set; }

    /// <summary>
    /// Send streams as gzip to clients that ask for it: a fifth of the bytes of an event. There is no compressor per stream; an event is
    /// compressed once for all readers that got the same events before it. False: never. Default: true.
    /// </summary>
    public bool Compression { get; set; } = true;

    /// <summary>
    /// Sender threads; connections are shared out among them. More than one pays only where one core cannot feed all sockets. Default: 1.
    /// </summary>
    [Range(1, 64)]
    public int SenderThreads { get; set; } = 1;

    /// <summary>
    /// Closed candles held for one slow reader; when full, its connection ends and it resumes by Last-Event-ID. Default: 1024 (a hundred
    /// series may close at once).
    /// </summary>
    [Range(1, 100_000)]
    public int PendingClosedCandles { get; set; } = 1024;

    /// <summary>
    /// How long a socket may take nothing before its connection ends. On Linux a client that acknowledges nothing at all (its machine or
    /// network is gone) is let go after twice as long. Default: 30 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan StuckLimit { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Time between two heartbeats; announced in <c>hello</c>. Default: 15 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// The kernel's send buffer of one stream in bytes (Linux reserves twice as much): what a stalled reader can hold there. Default:
    /// 32768.
    /// </summary>
    [Range(4096, 16 * 1024 * 1024)]
    public int SendBufferBytes { get; set; } = 32 * 1024;

    /// <summary>
    /// How long a busy sender thread waits between two rounds, to send what came meanwhile together; a quiet one sends at once. More saves
    /// CPU and costs delay; 0: always at once. Default: 4 ms.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:01")]
    public TimeSpan CoalesceInterval { get; set; } = TimeSpan.FromMilliseconds(4);

    /// <summary>
    /// How long a stopping server tries to say <c>bye</c> to readers whose sockets are full; the whole stop takes ten seconds at most.
    /// Default: 2 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:06")]
    public TimeSpan ByeTimeout { get; set; } = TimeSpan.FromSeconds(2);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        // The kernel reserves twice the buffer it is asked for; the list of what waits grows by doubling.
        var perReader = (2L * SendBufferBytes) + (2L * WaitingEventBytes * PendingClosedCandles);
        var megabytes = MaxStreams * perReader / (1024 * 1024);
        if (megabytes <= MaxReaderMemoryMegabytes) yield break;
        yield return new ValidationResult(
            $"MaxStreams={MaxStreams} readers could hold {megabytes} MB (SendBufferBytes={SendBufferBytes}, PendingClosedCandles={PendingClosedCandles}), more than MaxReaderMemoryMegabytes={MaxReaderMemoryMegabytes} allows: lower one or raise the other.");
    }
}

/// <summary>Whether many sends become one system call.</summary>
public enum BatchedSends
{
    Auto,
    True,
    False,
}
