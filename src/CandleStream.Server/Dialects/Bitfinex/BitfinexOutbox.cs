using System.Threading.Channels;
using CandleStream.Server.Doors;

namespace CandleStream.Server.Dialects.Bitfinex;

/// <summary>
/// What waits for one bot's socket, in order. A forming candle that waits is replaced by its newer version; all else stays. When too much
/// waits, the box is full and the socket ends. Numbers and times are added when a frame leaves, by the flags that were acknowledged before
/// it. Thread-safe.
/// </summary>
internal sealed class BitfinexOutbox
{
    /// <summary>Frames that may wait: more than thirty channels' closed candles of half an hour.</summary>
    private const int MaxWaiting = 2048;

    private const long TimestampFlag = 32768;
    private const long SequenceFlag = 65536;

    private readonly Channel<bool> _signal =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    // Guarded by _gate.
    private readonly Lock _gate = new();
    private readonly Queue<Waiting> _waiting = new();
    private bool _isComplete;

    // Owned by the writing loop.
    private long _flags;
    private long _sequence;

    /// <summary>An object; <paramref name="flags"/> hold for the frames behind it.</summary>
    public void Add(byte[] frame, long? flags = null) => Enqueue(new Waiting(frame, flags, null, default, null));

    /// <summary>Rows of a channel, or its heartbeat where there are none: <c>[id,PAYLOAD,…]</c>.</summary>
    public void Add(BitfinexChannel channel, byte[] payload) => Enqueue(new Waiting(null, null, channel, default, payload));

    /// <summary>One candle of a channel.</summary>
    public void Add(BitfinexChannel channel, in Candle candle)
    {
        lock (_gate)
        {
            if (channel.LastWaiting is { IsTaken: false } last && last.Candle.Time == candle.Time && !last.Candle.Closed)
            {
                last.Candle = candle;
                return;
            }

            channel.LastWaiting = Enqueue(new Waiting(null, null, channel, candle, null));
        }
    }

    /// <summary>Nothing more will come; what waits is still written.</summary>
    public void Complete()
    {
        lock (_gate) _isComplete = true;
        Wake();
    }

    /// <summary>The next frame; null at the end.</summary>
    public async Task<ReadOnlyMemory<byte>?> NextAsync(CancellationToken cancel)
    {
        while (true)
        {
            Waiting? next;
            lock (_gate)
            {
                if (_waiting.TryDequeue(out next)) next.IsTaken = true;
                else if (_isComplete) return null;
            }

            // Outside the lock: the exchange's time is asked for, and the teller of candles may hold locks of its own.
            if (next is not null) return Encode(next);
            await _signal.Reader.ReadAsync(cancel);
        }
    }

    private Waiting Enqueue(Waiting frame)
    {
        lock (_gate)
        {
            if (_isComplete) return frame;
            if (_waiting.Count >= MaxWaiting)
            {
                // What is left out must not look complete: the bot reconnects and gets a snapshot.
                _waiting.Clear();
                _isComplete = true;
            }
            else
            {
                _waiting.Enqueue(frame);
            }
        }

        Wake();
        return frame;
    }

    private void Wake() => _signal.Writer.TryWrite(true);

    private byte[] Encode(Waiting frame)
    {
        if (frame.Channel is not { } channel)
        {
            if (frame.Flags is { } flags) _flags = flags;
            return frame.Object!;
        }

        return JsonBytes.Write(json =>
        {
            json.WriteStartArray();
            json.WriteNumberValue(channel.Id);
            if (frame.Payload is { } payload) json.WriteRawValue(payload);
            else BitfinexAnswer.WriteRow(json, frame.Candle);
            if ((_flags & SequenceFlag) != 0) json.WriteNumberValue(++_sequence);
            if ((_flags & TimestampFlag) != 0) json.WriteNumberValue(channel.Now);
            json.WriteEndArray();
        });
    }

    internal sealed class Waiting(byte[]? text, long? flags, BitfinexChannel? channel, Candle candle, byte[]? payload)
    {
        public byte[]? Object { get; } = text;

        public long? Flags { get; } = flags;

        public BitfinexChannel? Channel { get; } = channel;

        public byte[]? Payload { get; } = payload;

        public Candle Candle { get; set; } = candle;

        public bool IsTaken { get; set; }
    }
}
