using System.Runtime.InteropServices;
using CandleStream.Server.Streams.Events;
using CandleStream.Server.Streams.Sockets;

namespace CandleStream.Server.Streams.Sending;

/// <summary>Why a stream ended.</summary>
internal enum SseEnd
{
    /// <summary>The client left, or its connection broke.</summary>
    Gone,

    /// <summary>Too many closed candles waited for it, or its socket took nothing for too long; it comes back by resume.</summary>
    TooSlow,

    /// <summary>The server stops, and said so.</summary>
    Shutdown,
}

/// <summary>How far <see cref="Connection.Flush"/> came.</summary>
internal enum SseFlush
{
    /// <summary>Nothing waits any more.</summary>
    Done,

    /// <summary>The client takes no more now.</summary>
    Blocked,

    /// <summary>The client is gone.</summary>
    Gone,
}

/// <summary>
/// One stream: its series, what waits for it, and what of an event is not out yet. Owned by the sender thread from its registration to
/// <see cref="Ended"/>.
/// </summary>
/// <param name="settings">What its client asked for.</param>
/// <param name="compressed">How far it is, where it is sent as gzip; else null.</param>
internal sealed class Connection(SseSettings settings, CompressedStream? compressed = null)
{
    /// <summary>From here on, what waits is conflated even if the client was not slow for long.</summary>
    private const int ConflateFrom = 256;

    private static readonly TaskCompletionSource<SseEnd> HasEnded = new();

    // Made for who waits; a stream whose socket is taken has nobody.
    private TaskCompletionSource<SseEnd>? _ended;

    // What the client was not yet given of an event it got the beginning of: continued exactly there, before anything else.
    private ReadOnlyMemory<byte> _rest;
    private int _conflateAt = ConflateFrom;

    /// <summary>Set once, before the registration.</summary>
    public Output Output { get; set; } = null!;

    /// <summary>The output, where it is a socket that the sender takes or has taken; else null.</summary>
    public TakenSocketOutput? Socket => Output as TakenSocketOutput;

    /// <summary>
    /// What the stream holds until its end. Set by the request where its output takes the socket, before it asks to go live; let go by the
    /// sender if it was taken.
    /// </summary>
    public IDisposable? Place { get; set; }

    /// <summary>The stream's span; null where it is not traced. Set once, before the registration.</summary>
    public StreamTrace? Trace { get; set; }

    /// <summary>Set once, before the registration.</summary>
    public Slot[] Subscriptions { get; set; } = [];

    public bool WantsDeltas => settings.Deltas;

    /// <summary>False where the client asked for closed candles only.</summary>
    public bool WantsForming => settings.FormingInterval != SseSettings.ClosedOnly;

    /// <summary>The end of the stream, when the sender has let go of everything. Any thread.</summary>
    public Task<SseEnd> Ended
    {
        get
        {
            if (Volatile.Read(ref _ended) is not { } source)
            {
                var made = new TaskCompletionSource<SseEnd>(TaskCreationOptions.RunContinuationsAsynchronously);
                source = Interlocked.CompareExchange(ref _ended, made, null) ?? made;
            }

            return source == HasEnded ? Task.FromResult(Failed ?? SseEnd.Gone) : source.Task;
        }
    }

    public WaitingEvents Waiting { get; } = new();

    /// <summary>False until <c>synced</c>: what comes waits meanwhile.</summary>
    public bool IsLive { get; private set; }

    /// <summary>When it went live, in timestamps of the sender's clock.</summary>
    public long LiveSince { get; private set; }

    /// <summary>Bytes that its client has taken since then, framing included.</summary>
    public long SentBytes { get; private set; }

    /// <summary>More closed candles came before <c>synced</c> than may wait: the changes must be read again.</summary>
    public bool Overflowed { get; set; }

    /// <summary>Why it is to be removed; null while it is served.</summary>
    public SseEnd? Failed { get; set; }

    /// <summary>False where new events are of no use: it has ended, is about to, or must read the changes again anyway.</summary>
    public bool TakesEvents => !Overflowed && !IsFinishing && Failed is null;

    /// <summary>The last event is in <see cref="Waiting"/>.</summary>
    public bool IsFinishing { get; set; }

    /// <summary>Its place in the sender's list; -1 outside.</summary>
    public int Index { get; set; } = -1;

    /// <summary>In the sender's list of connections with something to send.</summary>
    public bool IsDirty { get; set; }

    /// <summary>A status of one of its series is newer than what it was told.</summary>
    public bool HasNewStatus { get; set; }

    /// <summary>
    /// A heartbeat is due. It comes after all that waits: who has something to read needs none until then, and a slow client is never sent
    /// several.
    /// </summary>
    public bool IsOwedHeartbeat { get; set; }

    public bool IsBlocked { get; private set; }

    /// <summary>In the sender's list of blocked connections.</summary>
    public bool IsListedBlocked { get; set; }

    /// <summary>When it was blocked, in timestamps of the sender's clock.</summary>
    public long BlockedSince { get; private set; }

    /// <summary>When it last took a byte, or was blocked.</summary>
    public long ProgressAt { get; private set; }

    /// <summary>Waits in the sender's queue for its next turn under <c>max_rate</c>.</summary>
    public bool IsHeld { get; set; }

    /// <summary>Before this time forming candles wait, in timestamps.</summary>
    public long NextFormingAt { get; private set; }

    public void CompleteEnd()
    {
        Waiting.Clear();
        _rest = default;
        Interlocked.CompareExchange(ref _ended, HasEnded, null)?.TrySetResult(Failed ?? SseEnd.Gone);
    }

    /// <summary><c>synced</c> goes first, then the newest of what waited, from then on everything.</summary>
    public void BeginLive(Frame synced, long now)
    {
        IsLive = true;
        LiveSince = now;
        HasNewStatus = true;
        Waiting.Conflate(CountConflated);
        _rest = (compressed?.Next(synced) ?? synced).In(Output.Framing);
        compressed?.ForgetHistory();
    }

    /// <summary>Bounds what waits: called after each addition.</summary>
    public void ConflateIfMany()
    {
        if (Waiting.Count < _conflateAt) return;
        Waiting.Conflate(CountConflated);
        _conflateAt = Math.Max(ConflateFrom, Waiting.Count * 2);
    }

    /// <summary>The turn under <c>max_rate</c> has come.</summary>
    public void ReleaseHeld()
    {
        foreach (var subscription in Subscriptions) subscription.ReleaseHeld();
    }

    /// <summary>Sends what waits, in rising rev, as far as the client takes it.</summary>
    public SseFlush Flush(Round round)
    {
        if (!_rest.IsEmpty && SendRest(round) is var rest and not SseFlush.Done) return rest;
        if (HasNewStatus && !IsFinishing) AddNewStatus(round);
        AddHeartbeat(round);
        if (Waiting.Count == 0) return Unblock();
        Arrange(round);
        while (Waiting.Count > 0)
        {
            if (!Output.IsReady) return Block(round);
            var result = compressed is not null ? SendBlock(compressed, round) : Waiting.Count == 1 ? SendOne(round) : SendSeveral(round);
            if (result != SseFlush.Done) return result;
            AddHeartbeat(round);
        }

        return Unblock();
    }

    /// <summary>
    /// True when all there is to send is one event to a socket that keeps up: it is in the batch now, and <see cref="CompleteBatched"/>
    /// follows.
    /// </summary>
    public bool TryBatch(SocketBatch batch, Round round)
    {
        if (Failed is not null || IsBlocked || HasNewStatus || !_rest.IsEmpty) return false;
        AddHeartbeat(round);
        if (Waiting.Count != 1 || IsOwedHeartbeat || Output.Descriptor < 0) return false;
        var frame = FrameOf(Waiting.Peek(), round);
        if (compressed is not null) frame = Compress(compressed, frame, round);
        batch.Add(this, Output.Descriptor, frame.In(Output.Framing));
        return true;
    }

    /// <summary>What <see cref="Flush"/> does after its one write.</summary>
    public SseFlush CompleteBatched(ReadOnlyMemory<byte> bytes, int sent, Round round)
    {
        var result = TookOne(bytes, sent, round);
        return result == SseFlush.Done ? Unblock() : result;
    }

    private SseFlush SendRest(Round round)
    {
        if (!Output.IsReady) return Block(round);
        var sent = Output.Send(_rest);
        if (sent < 0) return SseFlush.Gone;
        if (sent > 0) ProgressAt = round.Now;
        SentBytes += sent;
        _rest = _rest[sent..];
        return _rest.IsEmpty ? SseFlush.Done : Block(round);
    }

    private void AddNewStatus(Round round)
    {
        HasNewStatus = false;
        foreach (var subscription in Subscriptions)
        {
            var series = subscription.Series!;
            if (series.Status is not { } status || ReferenceEquals(status, subscription.ToldStatus)) continue;
            subscription.ToldStatus = status;
            Waiting.Add(subscription, round.FrameOf(status));
        }
    }

    private void AddHeartbeat(Round round)
    {
        if (!IsOwedHeartbeat || IsFinishing || Waiting.Count > 0) return;
        IsOwedHeartbeat = false;
        Waiting.Add(null, round.Heartbeat);
    }

    // A client that keeps up gets every version, several in one write. A client that is slow, rate-limited or joining gets only the newest.
    private void Arrange(Round round)
    {
        if (Waiting.Count == 1) return;
        var isSlow = IsBlocked && round.Since(BlockedSince) >= Round.SlowAfter;
        if (isSlow || round.IsLate || settings.FormingInterval > 0) Waiting.Conflate(CountConflated);
        else Waiting.Sort();
    }

    private SseFlush SendOne(Round round)
    {
        var bytes = FrameOf(Waiting.Peek(), round).In(Output.Framing);
        return TookOne(bytes, Output.Send(bytes), round);
    }

    private SseFlush TookOne(ReadOnlyMemory<byte> bytes, int sent, Round round)
    {
        if (sent < 0) return SseFlush.Gone;
        SentBytes += sent;
        if (sent == 0 && bytes.Length > 0)
        {
            ForgetBase(Waiting.Peek());
            return Block(round);
        }

        compressed?.Take();
        TookFirst(bytes.Length, round);
        if (sent == bytes.Length) return SseFlush.Done;
        _rest = bytes[sent..];
        return Block(round);
    }

    // Several events are one block. Once its first byte is out, all of them count as sent.
    private SseFlush SendBlock(CompressedStream stream, Round round)
    {
        GatherBlock(round);
        var events = CollectionsMarshal.AsSpan(round.Block);
        var frame = events.Length == 1 ? Compress(stream, events[0], round) : stream.Prepare(events, round.Blocks);
        var bytes = frame.In(Output.Framing);
        var sent = Output.Send(bytes);
        if (sent < 0) return SseFlush.Gone;
        SentBytes += sent;
        if (sent == 0 && bytes.Length > 0)
        {
            ForgetBases(events.Length);
            return Block(round);
        }

        stream.Take();
        for (var left = events.Length; left > 0; left--) TookFirst(bytes.Length / events.Length, round);
        _rest = bytes[sent..];
        return _rest.IsEmpty ? SseFlush.Done : Block(round);
    }

    // At least one. A large event and the end of the body stand alone.
    private void GatherBlock(Round round)
    {
        var (block, length) = (round.Block, 0);
        block.Clear();
        for (var i = 0; i < Waiting.Count; i++)
        {
            var frame = FrameOf(Waiting[i], round);
            length += frame.Plain.Length;
            if (i > 0 && (length > DeflateEncoder.MaxBlockBytes || StandsAlone(frame) || StandsAlone(block[0])))
            {
                ForgetBase(Waiting[i]);
                return;
            }

            block.Add(frame);
        }
    }

    private static bool StandsAlone(Frame frame) => ReferenceEquals(frame, Frame.EndOfBody) || CompressedBlock.IsLarge(frame);

    private static Frame Compress(CompressedStream stream, Frame frame, Round round) =>
        ReferenceEquals(frame, Frame.EndOfBody) ? stream.End() : stream.Prepare(new ReadOnlySpan<Frame>(in frame), round.Blocks);

    // One write for several events. Only an event whose first byte is out counts as sent: the others stay, to be replaced by newer ones if
    // the client is slow.
    private SseFlush SendSeveral(Round round)
    {
        var gathered = Gather(round);
        if (gathered < 2) return SendOne(round);
        var sent = Output.Send(round.Written);
        if (sent < 0) return SseFlush.Gone;
        SentBytes += sent;
        for (var i = 0; i < gathered; i++)
        {
            var bytes = round.Frames[i];
            if (sent == 0 && bytes.Length > 0)
            {
                ForgetBases(gathered - i);
                return Block(round);
            }

            TookFirst(bytes.Length, round);
            if (sent < bytes.Length)
            {
                _rest = bytes[sent..];
                ForgetBases(gathered - i - 1);
                return Block(round);
            }

            sent -= bytes.Length;
        }

        return SseFlush.Done;
    }

    private int Gather(Round round)
    {
        round.Clear();
        for (var i = 0; i < Waiting.Count; i++)
        {
            ref readonly var waiting = ref Waiting[i];
            var bytes = FrameOf(waiting, round).In(Output.Framing);
            if (round.TryWrite(bytes)) continue;
            ForgetBase(waiting);
            break;
        }

        return round.Frames.Count;
    }

    private static Frame FrameOf(in WaitingEvent waiting, Round round)
    {
        if (waiting.Update is { } update) return waiting.Subscription!.FrameOf(update);

        // After a snapshot of the series the client may hold another version than the last one sent.
        ForgetBase(waiting);
        return waiting.Frame!;
    }

    private void TookFirst(int length, Round round)
    {
        ref readonly var waiting = ref Waiting.Peek();
        waiting.Subscription?.Series!.Counters.CountSent(length);
        if (waiting.IsForming && settings.FormingInterval > 0) NextFormingAt = round.Now + settings.FormingInterval;
        Waiting.RemoveFirst();
        ProgressAt = round.Now;
    }

    private void ForgetBases(int count)
    {
        for (var i = 0; i < count; i++) ForgetBase(Waiting[i]);
    }

    private static void ForgetBase(in WaitingEvent waiting)
    {
        if (waiting.Subscription is { } subscription) subscription.LastFormingRev = Rev.None;
    }

    private SseFlush Block(Round round)
    {
        if (!IsBlocked)
        {
            IsBlocked = true;
            BlockedSince = ProgressAt = round.Now;
        }

        return SseFlush.Blocked;
    }

    private SseFlush Unblock()
    {
        IsBlocked = false;
        _conflateAt = ConflateFrom;
        return SseFlush.Done;
    }

    private static void CountConflated(Slot subscription) => subscription.Series!.Counters.CountConflated();
}

/// <summary>What a client asked for beyond its series.</summary>
/// <param name="Deltas">Forming candles as changes where possible.</param>
/// <param name="FormingInterval">Time between two forming candles of a series in timestamps; 0 = no limit, <see cref="ClosedOnly"/> = none
/// at all.</param>
internal readonly record struct SseSettings(bool Deltas, long FormingInterval)
{
    public const long ClosedOnly = -1;
}
