using System.Globalization;

namespace CandleStream.Exchanges.Bitfinex.Probe;

/// <summary>
/// Reads from the watched frames of one channel how candles arrive: order, repeats, revisions, heartbeats, sequence, clock. Pure.
/// </summary>
internal sealed class ProbeWatch(IReadOnlyList<ProbeFrame> frames, int channel, ProbeFindings findings)
{
    private const string Topic = "Updates";

    public void Report()
    {
        var own = frames.Where(f => f.Frame.ChannelId == channel).ToArray();
        var updates = own.Where(f => f.Frame.Kind == FrameKind.Update).ToArray();
        if (updates.Length == 0) findings.Add(Topic, "updates", "none", ProbeVerdict.NotSeen);
        else ReportUpdates(updates);
        ReportHeartbeats([.. own.Where(f => f.Frame.Kind == FrameKind.Heartbeat)]);
        ReportSequence();
        ReportClock();
        var odd = frames.Where(f => f.Frame.Kind is FrameKind.Unknown or FrameKind.Malformed).ToArray();
        findings.Add(Topic, "frames that the parser does not know",
            odd.Length == 0 ? "none" : $"{odd.Length}, the first: {odd[0].Text[..Math.Min(120, odd[0].Text.Length)]}", odd.Length == 0);
    }

    // Only frames of channels carry numbers and times. Where none came, nothing was seen, and nothing is different.
    private bool SawChannelFrames => frames.Any(f => f.Frame.Kind is FrameKind.Snapshot or FrameKind.Update or FrameKind.Heartbeat);

    private ProbeVerdict AbsentVerdict => SawChannelFrames ? ProbeVerdict.Different : ProbeVerdict.NotSeen;

    private string Absent() => SawChannelFrames ? "none" : "no frame of a channel came";

    private void ReportUpdates(ProbeFrame[] updates)
    {
        var newest = 0L;
        var changed = new Dictionary<long, Candle>();
        int older = 0, repeats = 0, revisions = 0;
        var latestRevision = TimeSpan.Zero;
        foreach (var update in updates)
        {
            var candle = update.Frame.Candle;
            var isRepeat = changed.TryGetValue(candle.Time, out var before) && before.HasSameValues(candle);
            if (isRepeat) repeats++;
            if (candle.Time < newest)
            {
                older++;
                if (!isRepeat && changed.ContainsKey(candle.Time))
                {
                    revisions++;
                    var late =
                        TimeSpan.FromMilliseconds((update.Frame.ExchangeTime ?? update.At.ToUnixTimeMilliseconds()) - candle.Time - 60_000);
                    latestRevision = late > latestRevision ? late : latestRevision;
                }
            }

            newest = Math.Max(newest, candle.Time);
            changed[candle.Time] = candle;
        }

        var seconds = Math.Max(1, (updates[^1].At - updates[0].At).TotalSeconds);
        findings.Add(
            Topic, "updates a second", (updates.Length / seconds).ToString("0.00", CultureInfo.InvariantCulture), ProbeVerdict.Noted);
        findings.Add(Topic, "updates for an older candle than the newest", $"{older} of {updates.Length}", ProbeVerdict.Noted);
        findings.Add(Topic, "identical repeats", $"{repeats} of {updates.Length}", ProbeVerdict.Noted);
        findings.Add(Topic, "changes of a candle after the next one began",
            revisions == 0 ? "none" : $"{revisions}, the latest {latestRevision.TotalSeconds:0.0} s after its end", ProbeVerdict.Noted);
        var bad = updates.Count(u => !u.Frame.Candle.IsConsistent || u.Frame.Candle.Time % 60_000 != 0);
        findings.Add(Topic, "candles that break low <= open, close <= high or their alignment", bad.ToString(CultureInfo.InvariantCulture),
            bad == 0);
    }

    private void ReportHeartbeats(ProbeFrame[] beats)
    {
        var distances = beats.Zip(beats.Skip(1), (a, b) => (b.At - a.At).TotalSeconds).ToArray();
        if (distances.Length == 0) findings.Add(Topic, "heartbeats", $"{beats.Length}", ProbeVerdict.NotSeen);
        else findings.Add(Topic, "seconds between heartbeats",
            string.Create(CultureInfo.InvariantCulture, $"{distances.Min():0.0} to {distances.Max():0.0}"), distances.Max() < 31);
    }

    private void ReportSequence()
    {
        var numbers = frames.Where(f => f.Frame.Sequence is not null).Select(f => f.Frame.Sequence!.Value).ToArray();
        if (numbers.Length == 0)
        {
            findings.Add(Topic, "sequence numbers", Absent(), AbsentVerdict);
            return;
        }

        var gaps = numbers.Zip(numbers.Skip(1)).Count(p => p.Second != p.First + 1);
        findings.Add(Topic, "gaps in the sequence over all channels", $"{gaps} in {numbers.Length} frames", gaps == 0);
    }

    private void ReportClock()
    {
        var offsets = frames.Where(f => f.Frame.ExchangeTime is not null)
            .Select(f => f.Frame.ExchangeTime!.Value - f.At.ToUnixTimeMilliseconds()).ToArray();
        if (offsets.Length == 0) findings.Add(Topic, "exchange time", Absent(), AbsentVerdict);
        else findings.Add(Topic, "exchange time minus our clock", $"{offsets.Min()} to {offsets.Max()} ms", ProbeVerdict.Noted);
    }
}
