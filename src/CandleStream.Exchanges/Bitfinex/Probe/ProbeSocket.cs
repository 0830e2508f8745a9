using System.Globalization;
using System.Net.WebSockets;
using System.Text;

namespace CandleStream.Exchanges.Bitfinex.Probe;

/// <summary>A message as it came.</summary>
/// <param name="At">When (our clock).</param>
/// <param name="Text">Its text.</param>
/// <param name="Frame">What the product's parser makes of it.</param>
/// <param name="Candles">The candles of a snapshot, in the order sent.</param>
internal sealed record ProbeFrame(DateTimeOffset At, string Text, BitfinexFrame Frame, IReadOnlyList<Candle> Candles);

/// <summary>A socket that keeps everything it was sent, so that a check can look for what it waits for, whatever comes between.</summary>
internal sealed class ProbeSocket : IAsyncDisposable
{
    private readonly WebSocket _socket;
    private readonly TimeProvider _time;
    private readonly TextWriter? _record;
    private readonly MessageReader _reader;
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _reading;

    // Guarded by _gate.
    private readonly Lock _gate = new();
    private readonly List<ProbeFrame> _frames = [];
    private TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ConfFlags _flags;

    private ProbeSocket(WebSocket socket, BitfinexOptions options, TimeProvider time, TextWriter? record)
    {
        _socket = socket;
        _time = time;
        _record = record;
        _reader = new MessageReader(socket, options.MaxMessageBytes);
        Record("open", "");
        _reading = ReadAsync();
    }

    /// <summary>How many messages came so far: the place from which to look for an answer to what is sent next.</summary>
    public int Mark
    {
        get
        {
            lock (_gate) return _frames.Count;
        }
    }

    public IReadOnlyList<ProbeFrame> Frames
    {
        get
        {
            lock (_gate) return [.. _frames];
        }
    }

    public static async Task<ProbeSocket> OpenAsync(
        BitfinexOptions options, ExchangeTransport transport, TimeProvider time, TextWriter? record, CancellationToken cancel)
    {
        using var timeout = new CancellationTokenSource(options.ConnectTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, timeout.Token);
        return new ProbeSocket(await transport.ConnectAsync(either.Token), options, time, record);
    }

    /// <summary>Sends a message; returns the place from which to look for its answer.</summary>
    public async Task<int> SendAsync(byte[] message, CancellationToken cancel)
    {
        var mark = Mark;
        Record("out", Encoding.UTF8.GetString(message));
        await _socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, cancel);
        return mark;
    }

    public Task<int> SendAsync(string message, CancellationToken cancel) => SendAsync(Encoding.UTF8.GetBytes(message), cancel);

    /// <summary>The first message from a place on that is what is wanted; null when none came in time.</summary>
    public async Task<ProbeFrame?> FindAsync(int from, Func<ProbeFrame, bool> wanted, TimeSpan limit, CancellationToken cancel)
    {
        using var timeout = new CancellationTokenSource(limit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, timeout.Token);
        for (var i = from; ;)
        {
            Task arrived;
            lock (_gate)
            {
                for (; i < _frames.Count; i++)
                    if (wanted(_frames[i])) return _frames[i];
                arrived = _arrived.Task;
            }

            try
            {
                await arrived.WaitAsync(either.Token);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                return null;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        _socket.Abort();
        await _reading;
        _socket.Dispose();
        _ending.Dispose();
    }

    private async Task ReadAsync()
    {
        var candles = new List<Candle>();
        var unreadable = new List<UnreadableRow>();
        try
        {
            while (await _reader.ReadAsync(_ending.Token) is var kind && kind != MessageKind.Closed)
            {
                if (kind != MessageKind.Whole) continue;
                var text = Encoding.UTF8.GetString(_reader.Message);
                Record("in", text);
                var frame = BitfinexFrameParser.Parse(_reader.Message, _flags, candles, unreadable);
                if (frame is { Kind: FrameKind.Conf, Event: { Status: "OK" } answer }) _flags = (ConfFlags)(answer.Flags ?? 0);
                Add(new ProbeFrame(_time.GetUtcNow(), text, frame, [.. candles]));
            }

            Record("close", "");
        }
        catch (Exception e) when (ConnectFailedException.IsConnectionTrouble(e))
        {
            Record("close", "");
        }
    }

    private void Add(ProbeFrame frame)
    {
        TaskCompletionSource arrived;
        lock (_gate)
        {
            _frames.Add(frame);
            arrived = _arrived;
            _arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        arrived.SetResult();
    }

    private void Record(string direction, string text)
    {
        if (_record is null) return;
        var seconds = _time.GetUtcNow().ToUnixTimeMilliseconds() / 1000m;
        lock (_record) _record.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{direction}\t{seconds}\t{text}"));
    }
}
