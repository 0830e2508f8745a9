using System.Globalization;

namespace CandleStream.Exchanges.Bitfinex.Probe;

/// <summary>The checks of the WebSocket: greeting, flags, subscriptions, errors, and how candles of a busy symbol arrive.</summary>
internal sealed class ProbeSocketChecks(ProbeSocket socket, TimeProvider time, ProbeFindings findings)
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(6);

    public bool IsSimulated { get; private set; }

    public async Task RunAsync(ProbeOptions what, CancellationToken cancel)
    {
        await CheckGreetingAsync(cancel);
        await CheckFlagsAsync(cancel);
        var key = $"trade:1m:t{what.Symbol}";
        var channel = await CheckSnapshotAsync(key, "a busy symbol", cancel);
        await CheckSnapshotAsync($"trade:1m:t{what.QuietSymbol}", "a quiet symbol", cancel);
        await CheckAnswersAsync(what, key, cancel);
        if (channel is { } id)
        {
            var watched = await WatchAsync(what.Watch, cancel);
            new ProbeWatch(watched, id, findings).Report();
            await CheckNumberReuseAsync(id, key, cancel);
        }

        await CheckChannelLimitAsync(what, cancel);
    }

    private async Task CheckGreetingAsync(CancellationToken cancel)
    {
        var greeting = await socket.FindAsync(0, f => f.Frame.Kind == FrameKind.Info, AnswerLimit, cancel);
        var content = greeting?.Frame.Event;
        IsSimulated = content?.IsSimulator ?? false;
        var answer = greeting is null ? null : $"version {content?.Version}, platform status {content?.PlatformStatus}";
        findings.AddAnswer("Socket", "greeting", answer, content is { Version: 2, PlatformStatus: 1 });
    }

    private async Task CheckFlagsAsync(CancellationToken cancel)
    {
        var mark = await socket.SendAsync(BitfinexRequest.Configure(ConfFlags.Timestamp | ConfFlags.SequenceAll), cancel);
        var answer = await socket.FindAsync(mark, f => f.Frame.Kind == FrameKind.Conf, AnswerLimit, cancel);
        findings.AddAnswer("Socket", "sequence and time flags", answer?.Text, answer?.Frame.Event is { Status: "OK", Flags: 98304 });

        mark = await socket.SendAsync("""{"event":"ping","cid":1234}""", cancel);
        var pong = await socket.FindAsync(mark, f => f.Frame.Kind == FrameKind.Pong, AnswerLimit, cancel);
        findings.AddAnswer("Socket", "ping", pong?.Text, pong is not null);
    }

    private async Task<int?> CheckSnapshotAsync(string key, string which, CancellationToken cancel)
    {
        var sent = time.GetUtcNow();
        var mark = await socket.SendAsync(BitfinexRequest.Subscribe(key), cancel);
        var answer = await socket.FindAsync(mark, IsAnswerTo(key), AnswerLimit, cancel);
        if (answer?.Frame is not { Kind: FrameKind.Subscribed, Event.ChannelId: { } id })
        {
            findings.Add("Snapshot", which, answer?.Text ?? "no answer to the subscription", ProbeVerdict.NotSeen);
            return null;
        }

        var snapshot = await socket.FindAsync(mark, f => f.Frame.ChannelId == id, TimeSpan.FromSeconds(20), cancel);
        if (snapshot is not { Frame.Kind: FrameKind.Snapshot })
        {
            findings.AddAnswer("Snapshot", $"{which}: first frame", snapshot?.Text, asAssumed: false);
            return id;
        }

        var candles = snapshot.Candles;
        var isDescending = candles.Zip(candles.Skip(1)).All(p => p.First.Time > p.Second.Time);
        findings.Add("Snapshot", $"{which}: candles", Text(candles.Count), ProbeVerdict.Noted);
        findings.Add("Snapshot", $"{which}: strictly newest first", isDescending ? "yes" : "no", isDescending);
        findings.Add(
            "Snapshot", $"{which}: answered after",
            $"{(answer.At - sent).TotalMilliseconds:0} ms, snapshot {(snapshot.At - answer.At).TotalMilliseconds:0} ms later",
            ProbeVerdict.Noted);
        findings.Add("Snapshot", $"{which}: sequence and time appended",
            snapshot.Frame is { Sequence: not null, ExchangeTime: not null } ? "yes" : "no", snapshot.Frame.ExchangeTime is not null);
        if (candles.Count > 0 && snapshot.Frame.ExchangeTime is { } now)
        {
            var head = now - candles[0].Time;
            findings.Add(
                "Snapshot", $"{which}: its newest candle began", $"{head / 1000} s before the exchange's time", ProbeVerdict.Noted);
        }

        return id;
    }

    private async Task CheckAnswersAsync(ProbeOptions what, string key, CancellationToken cancel)
    {
        await CheckErrorAsync("the same subscription again", BitfinexRequest.Subscribe(key), key, 10301, cancel);
        await CheckErrorAsync("an unknown symbol", BitfinexRequest.Subscribe("trade:1m:tNOSUCHUSD"), "trade:1m:tNOSUCHUSD", 10300, cancel);
        await CheckErrorAsync(
            "an unknown timeframe", BitfinexRequest.Subscribe($"trade:7m:t{what.Symbol}"), $"trade:7m:t{what.Symbol}", 10300, cancel);
        await CheckErrorAsync("a number that is not subscribed", BitfinexRequest.Unsubscribe(987654321), null, 10400, cancel);
        await CheckErrorAsync("an unknown event", """{"event":"nope"}"""u8.ToArray(), null, 10000, cancel);
        await NoteAsync("the symbol without its t", $"trade:1m:{what.Symbol}", cancel);
        await NoteAsync("the undocumented 4h", $"trade:4h:t{what.Symbol}", cancel);
        await NoteAsync("the old 7D", $"trade:7D:t{what.Symbol}", cancel);
        await NoteAsync("1W", $"trade:1W:t{what.Symbol}", cancel);
    }

    private async Task CheckErrorAsync(string question, byte[] message, string? key, int code, CancellationToken cancel)
    {
        var mark = await socket.SendAsync(message, cancel);
        var answer =
            await socket.FindAsync(mark, key is null ? f => f.Frame.Kind == FrameKind.Error : IsAnswerTo(key), AnswerLimit, cancel);
        findings.AddAnswer("Answers", question, answer?.Text, answer?.Frame.Event?.Code == code);
        await LeaveAsync(answer, cancel);
    }

    private async Task NoteAsync(string question, string key, CancellationToken cancel)
    {
        var mark = await socket.SendAsync(BitfinexRequest.Subscribe(key), cancel);
        var answer = await socket.FindAsync(mark, IsAnswerTo(key), AnswerLimit, cancel);
        findings.Add("Answers", question, answer?.Text ?? "none in 6 s", ProbeVerdict.Noted);
        await LeaveAsync(answer, cancel);
    }

    private async Task LeaveAsync(ProbeFrame? answer, CancellationToken cancel)
    {
        if (answer?.Frame is { Kind: FrameKind.Subscribed, Event.ChannelId: { } id })
            await socket.SendAsync(BitfinexRequest.Unsubscribe(id), cancel);
    }

    private async Task<IReadOnlyList<ProbeFrame>> WatchAsync(TimeSpan length, CancellationToken cancel)
    {
        var mark = socket.Mark;
        await socket.FindAsync(mark, _ => false, length, cancel);
        return [.. socket.Frames.Skip(mark)];
    }

    private async Task CheckNumberReuseAsync(int id, string key, CancellationToken cancel)
    {
        var mark = await socket.SendAsync(BitfinexRequest.Unsubscribe(id), cancel);
        var left = await socket.FindAsync(
            mark, f => f.Frame.Kind == FrameKind.Unsubscribed && f.Frame.Event!.ChannelId == id, AnswerLimit, cancel);
        findings.AddAnswer("Channels", "unsubscribe", left?.Text, left is not null);
        mark = await socket.SendAsync(BitfinexRequest.Subscribe(key), cancel);
        var again = await socket.FindAsync(mark, IsAnswerTo(key), AnswerLimit, cancel);
        var number = again?.Frame.Event?.ChannelId;
        findings.Add(
            "Channels", "the number after subscribing again", number == id ? "the same" : $"another ({number})", ProbeVerdict.Noted);
        await LeaveAsync(again, cancel);
    }

    private async Task CheckChannelLimitAsync(ProbeOptions what, CancellationToken cancel)
    {
        const string Question = "channels on one socket before a refusal";
        if (!what.CheckChannelLimit)
        {
            findings.Add("Channels", Question, "not asked for", ProbeVerdict.NotSeen);
            return;
        }

        var taken = new List<ProbeFrame>();
        string[] symbols = [what.Symbol, what.QuietSymbol, "ETHUSD", "LTCUSD", "XRPUSD"];
        ProbeFrame? refused = null;
        foreach (var key in symbols.SelectMany(s => Timeframe.All.Select(t => $"trade:{t.Name}:t{s}")))
        {
            var mark = await socket.SendAsync(BitfinexRequest.Subscribe(key), cancel);
            var answer = await socket.FindAsync(mark, IsAnswerTo(key), AnswerLimit, cancel);
            if (answer?.Frame.Kind == FrameKind.Subscribed) taken.Add(answer);
            else if (answer?.Frame.Event?.Code == 10305) refused = answer;
            if (refused is not null) break;
        }

        findings.Add(
            "Channels", Question, refused is null ? $"more than {taken.Count}" : Text(taken.Count), refused is null || taken.Count >= 24);
        foreach (var frame in taken) await LeaveAsync(frame, cancel);
    }

    private static Func<ProbeFrame, bool> IsAnswerTo(string key) =>
        f => f.Frame is { Kind: FrameKind.Subscribed or FrameKind.Error, Event.Key: { } answered } && answered == key;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
