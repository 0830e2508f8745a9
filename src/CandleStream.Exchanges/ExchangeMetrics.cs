using System.Diagnostics;
using System.Diagnostics.Metrics;
using CandleStream.Providers;

namespace CandleStream.Exchanges;

/// <summary>Counts what passes between the exchange and us, on the meter <c>CandleStream</c>.</summary>
public sealed class ExchangeMetrics : IDisposable
{
    private static readonly string[] ConnectOutcomes = ["opened", "rate_limited", "failed"];
    private static readonly string[] RestPurposes = [.. Enum.GetValues<FetchPurpose>().Select(NameOf), "symbols"];
    private static readonly string[] RestOutcomes = ["ok", "timeout", "unreachable", "rate_limited", "refused", "error"];

    private readonly KeyValuePair<string, object?>[] _exchange;
    private readonly Meter _meter;
    private readonly Counter<long> _frames;
    private readonly Counter<long> _ignored;
    private readonly Counter<long> _losses;
    private readonly Counter<long> _socketEnds;
    private readonly Counter<long> _sequenceGaps;
    private readonly Counter<long> _unreadableRows;
    private readonly Counter<long> _restCalls;
    private readonly Counter<long> _restRowsDropped;
    private readonly Counter<long> _connects;
    private readonly UpDownCounter<long> _sockets;
    private readonly UpDownCounter<long> _channels;

    /// <param name="factory">Makes the meter where the process has a factory; null for one of our own.</param>
    /// <param name="exchange">Whose they are: the label <c>exchange</c> of every figure. Bitfinex' have none, as from the first.</param>
    public ExchangeMetrics(IMeterFactory? factory = null, Exchange? exchange = null)
    {
        _exchange = exchange is null || exchange == Exchange.Bitfinex ? [] : [new("exchange", exchange.Name)];
        _meter = factory?.Create("CandleStream") ?? new Meter("CandleStream");
        _frames = _meter.CreateCounter<long>("candlestream.upstream.frames", "{frame}", "Messages from the exchange, by kind.");
        _ignored =
            _meter.CreateCounter<long>(
                "candlestream.upstream.frames.ignored", "{frame}",
                "Well-formed messages that were not used, by kind: for a channel that is not ours, repeated or out of sequence, or of unknown content.");
        _losses =
            _meter.CreateCounter<long>("candlestream.upstream.losses", "{loss}", "Feeds lost and failed attempts to get them, by reason.");
        _socketEnds = _meter.CreateCounter<long>("candlestream.upstream.socket.ends", "{socket}",
            "Sockets that ended, by reason; released is our own doing, all others are followed by a reconnect while a series needs one.");
        _sequenceGaps = _meter.CreateCounter<long>(
            "candlestream.upstream.sequence_gaps", "{gap}", "Times that a socket's sequence numbers did not follow each other.");
        _unreadableRows = _meter.CreateCounter<long>("candlestream.upstream.unreadable_rows", "{row}",
            "Candles of pushed frames that could not be read; their times are gaps until REST answered.");
        _restCalls = _meter.CreateCounter<long>("candlestream.upstream.rest_calls", "{call}", "REST calls, by purpose and outcome.");
        _restRowsDropped = _meter.CreateCounter<long>(
            "candlestream.upstream.rest_rows_dropped", "{row}", "Candles of REST answers that were not asked for or came twice.");
        _connects = _meter.CreateCounter<long>("candlestream.upstream.connects", "{attempt}", "Attempts to open a socket, by outcome.");
        _sockets = _meter.CreateUpDownCounter<long>("candlestream.upstream.sockets", "{socket}", "Open sockets.");
        _channels = _meter.CreateUpDownCounter<long>("candlestream.upstream.channels", "{channel}", "Channels asked for and not given up.");
        BeginAtZero();
    }

    public void Dispose() => _meter.Dispose();

    internal void Frame(FrameKind kind) => _frames.Add(1, Tags("kind", NameOf(kind)));

    internal void Ignored(FrameKind kind) => _ignored.Add(1, Tags("kind", NameOf(kind)));

    internal void Lost(ChannelEndKind reason) => _losses.Add(1, Tags("reason", NameOf(reason)));

    internal void SocketEnded(ChannelEndKind reason) => _socketEnds.Add(1, Tags("reason", NameOf(reason)));

    internal void SequenceGap() => _sequenceGaps.Add(1, _exchange);

    internal void UnreadableRow() => _unreadableRows.Add(1, _exchange);

    internal void RestCall(string purpose, string outcome) => AddRestCalls(1, purpose, outcome);

    internal void RestRowsDropped(int rows) => _restRowsDropped.Add(rows, _exchange);

    internal void Connect(string outcome) => _connects.Add(1, Tags("outcome", outcome));

    internal void Sockets(int change) => _sockets.Add(change, _exchange);

    internal void Channels(int change) => _channels.Add(change, _exchange);

    /// <summary>Shows the sockets of a pool, each by its slot, and what is left of a REST budget.</summary>
    internal void Observe(SocketPool pool, RestBudget budget, TimeProvider time)
    {
        ObserveSockets("candlestream.upstream.socket.up", null,
            "1 while a socket is open in this slot. Slots are numbered from 1 and used again.", _ => 1);
        ObserveSockets("candlestream.upstream.socket.channels", "{channel}", "Channels on the socket in this slot.", s => s.ChannelCount);
        ObserveSockets(
            "candlestream.upstream.socket.silence", "s", "Time since the last message on the socket in this slot; 0 where none is open.",
            s => time.GetElapsedTime(s.LastFrameAt).TotalSeconds);
        _meter.CreateObservableGauge("candlestream.upstream.rest_budget.left", () => new Measurement<int>(budget.Left, _exchange), "{call}",
            "REST calls that may begin now; 0 while the exchange blocks us.");
        _meter.CreateObservableGauge(
            "candlestream.upstream.rest_budget.waiting",
            () => Enum.GetValues<FetchPurpose>()
                .Select(p => new Measurement<int>(budget.WaitingFor(p), Tags("purpose", NameOf(p)))),
            "{call}", "REST calls that wait for their turn, by purpose.");

        // A slot that was used once goes on being told: a value that stands still would look like an open socket.
        void ObserveSockets(string name, string? unit, string description, Func<IExchangeSocket, double> value) =>
            _meter.CreateObservableGauge(
            name,
            () => pool.Sockets.Select((socket, i) =>
                new Measurement<double>(socket is null ? 0 : value(socket), Tags("slot", i + 1))),
            unit, description);
    }

    internal static string NameOf(FetchPurpose purpose) => purpose switch
    {
        FetchPurpose.Repair => "repair",
        FetchPurpose.Polling => "polling",
        FetchPurpose.History => "history",
        _ => "record",
    };

    // A counter that only appears at its first event hides that event from a rate: every one is there from the start.
    private void BeginAtZero()
    {
        foreach (var kind in Enum.GetValues<FrameKind>())
        {
            _frames.Add(0, Tags("kind", NameOf(kind)));
            _ignored.Add(0, Tags("kind", NameOf(kind)));
        }

        foreach (var kind in Enum.GetValues<ChannelEndKind>())
        {
            _losses.Add(0, Tags("reason", NameOf(kind)));
            _socketEnds.Add(0, Tags("reason", NameOf(kind)));
        }

        foreach (var purpose in RestPurposes)
        {
            foreach (var outcome in RestOutcomes) AddRestCalls(0, purpose, outcome);
        }

        foreach (var outcome in ConnectOutcomes) _connects.Add(0, Tags("outcome", outcome));
        _sequenceGaps.Add(0, _exchange);
        _unreadableRows.Add(0, _exchange);
        _restRowsDropped.Add(0, _exchange);
        _sockets.Add(0, _exchange);
        _channels.Add(0, _exchange);
    }

    private void AddRestCalls(int calls, string purpose, string outcome)
    {
        var tags = Tags("purpose", purpose);
        tags.Add("outcome", outcome);
        _restCalls.Add(calls, tags);
    }

    private TagList Tags(string name, object? value)
    {
        var tags = new TagList { { name, value } };
        foreach (var tag in _exchange) tags.Add(tag);
        return tags;
    }

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
        FrameKind.Unreadable => "unreadable",
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
        ChannelEndKind.RateLimited => "rate_limited",
        ChannelEndKind.Released => "released",
        _ => "other",
    };
}
