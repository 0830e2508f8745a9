using System.Diagnostics.Metrics;

namespace CandleStream.Bitfinex;

/// <summary>Counts what passes between the exchange and us, on the meter <c>CandleStream</c>.</summary>
public sealed class BitfinexMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly Counter<long> _frames;
    private readonly Counter<long> _ignored;
    private readonly Counter<long> _losses;
    private readonly Counter<long> _sequenceGaps;
    private readonly Counter<long> _restCalls;
    private readonly Counter<long> _restRowsDropped;
    private readonly Counter<long> _connects;
    private readonly UpDownCounter<long> _sockets;
    private readonly UpDownCounter<long> _channels;

    /// <param name="factory">Makes the meter where the process has a factory; null for one of our own.</param>
    public BitfinexMetrics(IMeterFactory? factory = null)
    {
        _meter = factory?.Create("CandleStream") ?? new Meter("CandleStream");
        _frames = _meter.CreateCounter<long>("candlestream.upstream.frames", "{frame}", "Messages from the exchange, by kind.");
        _ignored = _meter.CreateCounter<long>("candlestream.upstream.frames.ignored", "{frame}", "Well-formed messages for a channel that is not ours, by kind.");
        _losses = _meter.CreateCounter<long>("candlestream.upstream.losses", "{loss}", "Feeds lost and failed attempts to get them, by reason.");
        _sequenceGaps = _meter.CreateCounter<long>("candlestream.upstream.sequence_gaps", "{gap}", "Times that a socket's sequence numbers did not follow each other.");
        _restCalls = _meter.CreateCounter<long>("candlestream.upstream.rest_calls", "{call}", "REST calls, by purpose and outcome.");
        _restRowsDropped = _meter.CreateCounter<long>("candlestream.upstream.rest_rows_dropped", "{row}", "Candles of REST answers that were not asked for or came twice.");
        _connects = _meter.CreateCounter<long>("candlestream.upstream.connects", "{attempt}", "Attempts to open a socket, by outcome.");
        _sockets = _meter.CreateUpDownCounter<long>("candlestream.upstream.sockets", "{socket}", "Open sockets.");
        _channels = _meter.CreateUpDownCounter<long>("candlestream.upstream.channels", "{channel}", "Channels asked for and not given up.");
    }

    public void Dispose() => _meter.Dispose();

    internal void Frame(FrameKind kind) => _frames.Add(1, new KeyValuePair<string, object?>("kind", NameOf(kind)));

    internal void Ignored(FrameKind kind) => _ignored.Add(1, new KeyValuePair<string, object?>("kind", NameOf(kind)));

    internal void Lost(ChannelEndKind reason) => _losses.Add(1, new KeyValuePair<string, object?>("reason", NameOf(reason)));

    internal void SequenceGap() => _sequenceGaps.Add(1);

    internal void RestCall(string purpose, string outcome) =>
        _restCalls.Add(1, new KeyValuePair<string, object?>("purpose", purpose), new KeyValuePair<string, object?>("outcome", outcome));

    internal void RestRowsDropped(int rows) => _restRowsDropped.Add(rows);

    internal void Connect(string outcome) => _connects.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    internal void Sockets(int change) => _sockets.Add(change);

    internal void Channels(int change) => _channels.Add(change);

    private static string NameOf(FrameKind kind) => kind switch
    {
        FrameKind.Malformed => "malformed",
        FrameKind.Info => "info",
        FrameKind.Conf => "conf",
        FrameKind.Subscribed => "subscribed",
        FrameKind.Unsubscribed => "unsubscribed",
        FrameKind.Error => "error",
        FrameKind.Pong => "pong",
        FrameKind.Heartbeat => "heartbeat",
        FrameKind.Snapshot => "snapshot",
        FrameKind.Update => "update",
        _ => "unknown",
    };

    private static string NameOf(ChannelEndKind kind) => kind switch
    {
        ChannelEndKind.ConnectFailed => "connect_failed",
        ChannelEndKind.SocketEnded => "socket_ended",
        ChannelEndKind.Restart => "exchange_restart",
        ChannelEndKind.Silent => "silent",
        ChannelEndKind.NotAnswered => "not_answered",
        ChannelEndKind.SequenceGap => "sequence_gap",
        ChannelEndKind.Maintenance => "maintenance",
        ChannelEndKind.Refused => "refused",
        ChannelEndKind.ChannelLimit => "channel_limit",
        _ => "other",
    };
}
