using System.Globalization;
using System.Text;

namespace CandleStream.Exchanges.Bitfinex.Probe;

/// <summary>What a check showed, measured against what this product assumes.</summary>
public enum ProbeVerdict
{
    /// <summary>As the product assumes.</summary>
    AsAssumed,

    /// <summary>Otherwise than the product assumes: worth a report.</summary>
    Different,

    /// <summary>A fact to know; nothing depends on it.</summary>
    Noted,

    /// <summary>Could not be seen this time.</summary>
    NotSeen,
}

/// <summary>One point that was checked.</summary>
/// <param name="Topic">What it is about, in a word or two.</param>
/// <param name="Question">What was asked.</param>
/// <param name="Answer">What was seen.</param>
/// <param name="Verdict">How that compares.</param>
public sealed record ProbeFinding(string Topic, string Question, string Answer, ProbeVerdict Verdict);

/// <summary>Everything one probe found. Its text holds nothing but public market data and times, so that it can be sent as it is.</summary>
/// <param name="Host">The exchange's host.</param>
/// <param name="At">When the probe began.</param>
/// <param name="IsSimulated">True when the other side said that it is the simulator.</param>
/// <param name="Findings">The points, in the order checked.</param>
public sealed record ProbeReport(string Host, DateTimeOffset At, bool IsSimulated, IReadOnlyList<ProbeFinding> Findings)
{
    public override string ToString()
    {
        var text = new StringBuilder();
        text.AppendLine(
            CultureInfo.InvariantCulture,
            $"CandleStream probe of {Host}{(IsSimulated ? " (the simulator, not the exchange)" : "")}, {At.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC");
        foreach (var topic in Findings.GroupBy(f => f.Topic))
        {
            text.AppendLine().AppendLine(topic.Key);
            foreach (var finding in topic)
                text.AppendLine(CultureInfo.InvariantCulture, $"  {Mark(finding.Verdict)} {finding.Question}: {finding.Answer}");
        }

        text.AppendLine().AppendLine("[=] as assumed  [!] different: please report it  [i] noted  [?] not seen this time");
        return text.ToString();
    }

    private static string Mark(ProbeVerdict verdict) => verdict switch
    {
        ProbeVerdict.AsAssumed => "[=]",
        ProbeVerdict.Different => "[!]",
        ProbeVerdict.Noted => "[i]",
        _ => "[?]",
    };
}
