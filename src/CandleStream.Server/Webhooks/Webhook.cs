using System.Net;
using System.Security.Cryptography;
using System.Text;
using CandleStream.Server.Hosting;

namespace CandleStream.Server.Webhooks;

/// <summary>A target of webhooks, read and checked.</summary>
/// <param name="Url">Where to send to.</param>
/// <param name="Series">Its series, each once.</param>
/// <param name="SendsClosed">Whether closed candles are sent.</param>
/// <param name="SendsCorrected">Whether changes of closed candles are sent.</param>
/// <param name="Secret">Signs what is sent.</param>
internal sealed record Webhook(Uri Url, IReadOnlyList<SeriesKey> Series, bool SendsClosed, bool SendsCorrected, byte[] Secret)
{
    public const string Closed = "closed";
    public const string Corrected = "corrected";

    private const string Section = "Webhooks:Targets";
    private const int MinSecretLength = 16;

    private static readonly string[] Keys = ["Url", "Series", "Events", "Secret"];

    /// <summary>Names the target without its address, which may hold secrets.</summary>
    public string Id { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Url.AbsoluteUri)).AsSpan(0, 8));

    /// <summary>Every target of the settings.</summary>
    /// <exception cref="StartRefusedException">A key is unknown, or a value is missing or not allowed. Never says a secret or an
    /// address.</exception>
    public static IReadOnlyList<Webhook> Read(IConfiguration configuration)
    {
        var allowPrivate = configuration.GetSection("Webhooks").GetValue<bool>(nameof(WebhookOptions.AllowPrivateAddresses));
        var targets = configuration.GetSection(Section).GetChildren().Select(t => Read(t, allowPrivate)).ToList();
        if (targets.GroupBy(t => t.Url).FirstOrDefault(g => g.Count() > 1) is not null)
            throw new StartRefusedException($"Invalid setting {Section}: two targets have one Url; list all its series in one.");
        return targets;
    }

    private static Webhook Read(IConfigurationSection target, bool allowPrivate)
    {
        if (target.GetChildren().FirstOrDefault(k => !Keys.Contains(k.Key, StringComparer.OrdinalIgnoreCase)) is { } unknown)
            throw new StartRefusedException($"Unknown setting '{unknown.Path}'; a target has: {string.Join(", ", Keys)}.");
        if (!Uri.TryCreate(target["Url"], UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https")
            || url.UserInfo.Length > 0)
            throw Invalid("Url", "an http or https address without user and password is needed.");
        var isPrivate = url.IsLoopback
            || (IPAddress.TryParse(url.Host.Trim('[', ']'), out var address) && !PublicAddresses.Contains(address));
        if (isPrivate && !allowPrivate) throw Invalid(
            "Url", "it is an address of this machine or of a private network; Webhooks:AllowPrivateAddresses=true allows that.");
        var series = List("Series").Select(s => SeriesKey.TryParse(s, out var key) ? key : throw Invalid(
            "Series", $"'{s}' is not a series such as BTCUSD:1m; timeframes: {string.Join(", ", Timeframe.All)}.")).Distinct().ToList();
        if (series.Count == 0) throw Invalid("Series", "at least one series is needed, such as BTCUSD:1m.");
        var events = List("Events");
        if (events.Except([Closed, Corrected]).FirstOrDefault() is { } wrong)
            throw Invalid("Events", $"'{wrong}' is none of {Closed}, {Corrected}.");
        if (target["Secret"] is not { Length: >= MinSecretLength } secret)
            throw Invalid("Secret", $"{MinSecretLength} characters at least are needed: receivers know by it who sends.");
        return new Webhook(url, series, events.Count == 0 || events.Contains(Closed), events.Count == 0 || events.Contains(Corrected),
            Encoding.UTF8.GetBytes(secret));

        List<string> List(string key) =>
        [
            .. target.GetSection(key).GetChildren().Select(c => c.Value).Prepend(target[key])
                .SelectMany(v => (v ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)),
        ];

        StartRefusedException Invalid(string key, string why) => new($"Invalid setting {target.Path}:{key}: {why}");
    }
}
