using System.ComponentModel.DataAnnotations;
using System.Net;
using IPNetwork = System.Net.IPNetwork;

namespace CandleStream.Server.Access;

/// <summary>Section <c>Security</c>: who may use the server from where, and how much of it.</summary>
public sealed class AccessOptions : IValidatableObject
{
    /// <summary>
    /// The file with the keys that open the server, made by the command <c>keys add</c> and read again when it changes. Without it nobody
    /// needs a key, and the server listens on loopback only. Default: none.
    /// </summary>
    public string? KeyFile { get; set; }

    /// <summary>
    /// True lets everybody who reaches the server read everything, on any address. Not together with <c>KeyFile</c>. Default: false,
    /// without keys only loopback addresses may be listened on.
    /// </summary>
    public bool AllowAnonymous { get; set; }

    /// <summary>
    /// Where the secrets are kept that seal tickets and sessions, so that both survive a restart; servers that share the folder accept each
    /// other's. Made for its owner only; used only with <c>KeyFile</c>. Default: <c>data/seals</c>.
    /// </summary>
    [Required]
    public string SealFolder { get; set; } = "data/seals";

    /// <summary>How long a browser that signed in at <c>POST /session</c> stays signed in without being used. Default: 30 days.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "365.00:00:00")]
    public TimeSpan SessionLifetime { get; set; } = TimeSpan.FromDays(30);

    /// <summary>
    /// Origins whose pages may read the API, such as <c>https://charts.example.org</c>; the server's own page needs no entry. Several:
    /// between commas, or as a list. Default: none, other sites' pages are kept out by the browser.
    /// </summary>
    public string[] AllowedOrigins { get; set; } = [];

    /// <summary>
    /// Origins whose pages may show <c>/embed</c> in a frame, such as <c>https://blog.example.org</c>. Several: between commas, or as a
    /// list. Default: none, no page may.
    /// </summary>
    public string[] FrameAncestors { get; set; } = [];

    /// <summary>
    /// How long a ticket of <c>POST /tickets</c> is good; it ends earlier when its key is taken out of <c>KeyFile</c>. Default: 365 days.
    /// </summary>
    [Range(typeof(TimeSpan), "00:01:00", "3650.00:00:00")]
    public TimeSpan PathTicketLifetime { get; set; } = TimeSpan.FromDays(365);

    /// <summary>
    /// Addresses or networks of the proxies in front, such as <c>10.0.0.0/8</c>: only from these are X-Forwarded-For and X-Forwarded-Proto
    /// believed. Several: between commas, or as a list. Default: none.
    /// </summary>
    public string[] KnownProxies { get; set; } = [];

    /// <summary>
    /// Requests a second that one key, or one client address without a key, may send to the API in the long run; more is answered 429.
    /// Loopback without a key is not limited. Default: 20.
    /// </summary>
    [Range(1, 1_000_000)]
    public int RequestsPerSecond { get; set; } = 20;

    /// <summary>Requests that may come at once after a quiet time, before <c>RequestsPerSecond</c> counts. Default: 200.</summary>
    [Range(1, 1_000_000)]
    public int RequestBurst { get; set; } = 200;

    /// <summary>
    /// Connections open at once, streams included; one more is closed unanswered. Must leave room for <c>Streaming:MaxStreams</c>. Default:
    /// 25000, or what <c>ulimit -n</c> leaves where that is less and <c>MaxStreams</c> is not set either.
    /// </summary>
    [Range(1, 1_000_000)]
    public int MaxConnections { get; set; } = 25_000;

    /// <summary>
    /// Connections one client address may hold; one more is closed unanswered. Loopback and <c>KnownProxies</c> are not limited. Default:
    /// 200.
    /// </summary>
    [Range(1, 1_000_000)]
    public int MaxConnectionsPerAddress { get; set; } = 200;

    /// <summary>How long a client may take to send the head of a request; then it is answered 408. Default: 15 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan HeaderTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>The longest request line (method and URL) in bytes; a longer one is answered 414. Default: 8192.</summary>
    [Range(256, 1024 * 1024)]
    public int MaxRequestLineBytes { get; set; } = 8 * 1024;

    /// <summary>The most bytes of all headers of a request together; more is answered 431. Default: 32768.</summary>
    [Range(1024, 1024 * 1024)]
    public int MaxHeaderBytes { get; set; } = 32 * 1024;

    /// <summary>The most headers of a request; more is answered 431. Default: 100.</summary>
    [Range(10, 10_000)]
    public int MaxHeaders { get; set; } = 100;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var (origins, name) in new[] { (AllowedOrigins, nameof(AllowedOrigins)), (FrameAncestors, nameof(FrameAncestors)) })
        {
            foreach (var origin in origins.Where(o => !IsOrigin(o)))
                yield return new ValidationResult($"'{origin}' is not an origin such as https://charts.example.org.", [name]);
        }

        foreach (var proxy in KnownProxies)
        {
            if (ParseProxy(proxy) is null) yield return new ValidationResult(
                $"'{proxy}' is neither an address nor a network such as 10.0.0.0/8.", [nameof(KnownProxies)]);
        }

        if (KeyFile is not null && AllowAnonymous)
            yield return new ValidationResult("KeyFile and AllowAnonymous=true contradict each other: set only one of them.");
        if (KeyFile?.Length == 0) yield return new ValidationResult("the name of a file, or nothing at all.", [nameof(KeyFile)]);
    }

    private static bool IsOrigin(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && uri.Scheme is "http" or "https"
        && uri.GetLeftPart(UriPartial.Authority) == text;

    /// <summary>An address is the network that holds nothing else; null for what is neither.</summary>
    internal static IPNetwork? ParseProxy(string text)
    {
        if (IPAddress.TryParse(text, out var address)) return new IPNetwork(address, address.GetAddressBytes().Length * 8);
        return IPNetwork.TryParse(text, out var network) ? network : null;
    }
}
