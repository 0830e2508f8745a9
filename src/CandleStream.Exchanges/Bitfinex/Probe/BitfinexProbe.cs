namespace CandleStream.Exchanges.Bitfinex.Probe;

/// <summary>What a probe looks at.</summary>
/// <param name="Symbol">A busy symbol.</param>
/// <param name="QuietSymbol">A symbol that is hardly traded: its snapshot may be empty.</param>
/// <param name="Watch">How long the busy symbol's updates are watched.</param>
/// <param name="CheckChannelLimit">True to subscribe until the exchange refuses; off unless asked for, because it uses up the address's
/// channels for a moment.</param>
public sealed record ProbeOptions(string Symbol, string QuietSymbol, TimeSpan Watch, bool CheckChannelLimit)
{
    public ProbeOptions()
        : this("BTCUSD", "NEOUSD", TimeSpan.FromSeconds(150), false)
    {
    }
}

/// <summary>
/// Checks, read-only and within the exchange's limits, the points of its public interface that its documentation leaves open and that this
/// product had to assume. For people who can reach the exchange: the report is made to be sent, and the recorded frames can be replayed.
/// </summary>
public sealed class BitfinexProbe
{
    private readonly BitfinexOptions _options;
    private readonly ExchangeTransport _transport;
    private readonly TimeProvider _time;
    private readonly TextWriter? _record;

    /// <param name="options">Addresses and time-outs.</param>
    /// <param name="transport">How the exchange is reached.</param>
    /// <param name="time">The clock.</param>
    /// <param name="record">Takes every frame as a line <c>direction TAB unix_seconds TAB frame</c>, direction being open, out, in or
    /// close; null for none.</param>
    public BitfinexProbe(BitfinexOptions options, ExchangeTransport transport, TimeProvider time, TextWriter? record = null) =>
        (_options, _transport, _time, _record) = (options, transport, time, record);

    /// <summary>Runs every check; a check that fails is a finding, not an exception.</summary>
    /// <param name="what">What to look at.</param>
    /// <param name="progress">Told each finding as it is made.</param>
    /// <param name="cancel">Ends the probe.</param>
    public async Task<ProbeReport> RunAsync(ProbeOptions what, IProgress<ProbeFinding>? progress, CancellationToken cancel)
    {
        var at = _time.GetUtcNow();
        var findings = new ProbeFindings(progress);
        var isSimulated = await CheckSocketAsync(what, findings, cancel);
        using var rest = new ProbeRestChecks(_options, _transport, _time, findings);
        await rest.RunAsync(what, cancel);
        return new ProbeReport(_options.WebSocketUrl.Host, at, isSimulated, findings.All);
    }

    private async Task<bool> CheckSocketAsync(ProbeOptions what, ProbeFindings findings, CancellationToken cancel)
    {
        try
        {
            await using var socket = await ProbeSocket.OpenAsync(_options, _transport, _time, _record, cancel);
            var checks = new ProbeSocketChecks(socket, _time, findings);
            await checks.RunAsync(what, cancel);
            return checks.IsSimulated;
        }
        catch (Exception e) when (!cancel.IsCancellationRequested && ConnectFailedException.IsConnectionTrouble(e))
        {
            findings.Add("Socket", "can it be opened and kept", ConnectFailedException.From(e).Message, ProbeVerdict.NotSeen);
            return false;
        }
    }
}

/// <summary>Collects findings.</summary>
internal sealed class ProbeFindings(IProgress<ProbeFinding>? progress)
{
    private readonly List<ProbeFinding> _all = [];

    public IReadOnlyList<ProbeFinding> All => _all;

    public void Add(string topic, string question, string answer, ProbeVerdict verdict)
    {
        var finding = new ProbeFinding(topic, question, answer, verdict);
        _all.Add(finding);
        progress?.Report(finding);
    }

    /// <summary>What an answer showed; where none came, nothing was seen, which is not the same as different.</summary>
    /// <param name="topic">What it is about.</param>
    /// <param name="question">What was asked.</param>
    /// <param name="answer">What was answered; null for nothing.</param>
    /// <param name="asAssumed">Whether the answer is as assumed.</param>
    public void AddAnswer(string topic, string question, string? answer, bool asAssumed)
    {
        if (answer is null) Add(topic, question, "no answer", ProbeVerdict.NotSeen);
        else Add(topic, question, answer, asAssumed);
    }

    public void Add(string topic, string question, string answer, bool asAssumed) =>
        Add(topic, question, answer, asAssumed ? ProbeVerdict.AsAssumed : ProbeVerdict.Different);
}
