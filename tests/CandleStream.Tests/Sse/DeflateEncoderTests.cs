using System.IO.Compression;
using System.Text;
using CandleStream.Server.Streams.Events;

namespace CandleStream.Tests.Sse;

/// <summary>What the encoder makes, as the framework's decoder reads it.</summary>
public sealed class DeflateEncoderTests
{
    private const int FramesPerStream = 200;

    private readonly DeflateEncoder _encoder = new();

    [Fact]
    public void Every_event_is_decoded_exactly_from_its_own_bytes_whatever_the_history()
    {
        var random = new Random(20_261_129);
        var streams = TestSize.Of(normal: 15, full: 500);
        for (var stream = 0; stream < streams; stream++) RunStream(random);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(DeflateEncoder.MaxEventBytes)]
    public void The_longest_history_with_the_longest_block_fits(int last)
    {
        var random = new Random(last);
        using var decoder = new Decoder();
        var history = default(FrameHistory);
        for (var i = 0; i < FrameHistory.Length; i++) Send(decoder, ref history, [Noise(random, DeflateEncoder.MaxEventBytes, 256)]);
        Frame[] block = [.. Enumerable.Range(0, 2).Select(_ => Noise(random, DeflateEncoder.MaxEventBytes, 256)), Noise(random, last, 256)];
        Send(decoder, ref history, block);
    }

    [Fact]
    public void Matches_of_every_length_and_distance_are_decoded_exactly()
    {
        // The beginning of the history once more, so many bytes behind it.
        var random = new Random(7);
        var noise = Noise(random, DeflateEncoder.MaxEventBytes, 256).Plain.ToArray();
        for (var length = 3; length <= 300; length++)
        {
            using var decoder = new Decoder();
            var history = default(FrameHistory);
            Send(decoder, ref history, [Frame.Of(noise)]);
            var gap = (length * 41) % DeflateEncoder.MaxEventBytes;
            for (var behind = 0; behind < length % 4; behind++) Send(decoder, ref history, [Noise(random, gap, 256)]);
            Assert.True(Send(decoder, ref history, [Frame.Of(noise.AsSpan(0, length))]) < 10 + (length / 20), $"{length}");
        }
    }

    [Fact]
    public void The_same_history_and_event_make_the_same_bytes_whatever_was_encoded_before()
    {
        var random = new Random(3);
        var (a, b) = (Candle(random, 1), Candle(random, 2));
        var history = default(FrameHistory);
        history.Add(a);
        var first = _encoder.Encode(history, [b]).ToArray();
        for (var i = 0; i < 50; i++) _encoder.Encode(default, [Noise(random, 1000, 40)]);
        Assert.Equal(first, _encoder.Encode(history, [b]).ToArray());
        Assert.Equal(first, new DeflateEncoder().Encode(history, [b]).ToArray());
    }

    [Fact]
    public void Encoding_allocates_nothing()
    {
        var random = new Random(4);
        var history = default(FrameHistory);
        var frames = Enumerable.Range(0, 10).Select(n => Candle(random, n)).ToArray();
        _encoder.Encode(history, frames);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10; i++)
        {
            _encoder.Encode(history, frames.AsSpan(i, 1));
            history.Add(frames[i]);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void A_candle_after_others_of_its_series_takes_less_than_a_third()
    {
        var random = new Random(5);
        var history = default(FrameHistory);
        var (plain, encoded) = (0, 0);
        for (var n = 0; n < 200; n++)
        {
            var frame = Candle(random, n);
            plain += frame.Plain.Length;
            encoded += _encoder.Encode(history, [frame]).Length;
            history.Add(frame);
        }

        Assert.InRange(encoded, 1, plain / 3);
    }

    [Theory]
    [InlineData("", 0u)]
    [InlineData("123456789", 0xCBF43926u)]
    public void The_checksum_is_the_one_of_gzip(string text, uint expected) =>
        Assert.Equal(expected, Crc32.Of(Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void The_checksum_of_a_whole_follows_from_those_of_its_parts()
    {
        var random = new Random(6);
        for (var round = 0; round < 500; round++)
        {
            var bytes = Noise(random, random.Next(400), 256).Plain.ToArray();
            var cut = random.Next(bytes.Length + 1);
            var second = Crc32.Of(bytes.AsSpan(cut));
            Assert.Equal(Crc32.Of(bytes), Crc32.Join(Crc32.Of(bytes.AsSpan(0, cut)), second, Crc32.ShiftOf(bytes.Length - cut)));
        }
    }

    // Events of all sizes and kinds, sometimes several at once, and a history that is sometimes forgotten.
    private void RunStream(Random random)
    {
        using var decoder = new Decoder();
        var history = default(FrameHistory);
        for (var sent = 0; sent < FramesPerStream;)
        {
            var frames = new Frame[random.Next(4) == 0 ? random.Next(1, 8) : 1];
            for (var i = 0; i < frames.Length; i++) frames[i] = Some(random, sent + i);
            if (frames.Sum(f => f.Plain.Length) > DeflateEncoder.MaxBlockBytes) continue;
            if (random.Next(50) == 0) history = default;
            Send(decoder, ref history, frames);
            sent += frames.Length;
        }
    }

    private int Send(Decoder decoder, ref FrameHistory history, Frame[] frames)
    {
        var encoded = _encoder.Encode(history, frames);
        Assert.True(encoded.EndsWith((ReadOnlySpan<byte>)[0, 0, 0xFF, 0xFF]));
        decoder.Feed(encoded);
        foreach (var frame in frames)
        {
            Assert.True(decoder.Read(frame.Plain.Length).SequenceEqual(frame.Plain.Span));
            history.Add(frame);
        }

        return encoded.Length;
    }

    private static Frame Some(Random random, int n) => random.Next(10) switch
    {
        < 6 => Candle(random, n),
        < 8 => Noise(random, random.Next(1200), random.Next(1, 257)),
        8 => Noise(random, random.Next(8), 256),
        _ => Noise(random, random.Next(DeflateEncoder.MaxEventBytes + 1), random.Next(1, 5)),
    };

    private static Frame Candle(Random random, int n)
    {
        var series = SeriesKey.Parse(random.Next(5) == 0 ? "ETHUSD:5m" : "BTCUSD:1m");
        var close = 61_000 + (random.Next(20_000) / 100m);
        var rev = new Rev(1_714_564_800_000_000 + (n * 100_000L) + random.Next(100_000));
        var candle = new Candle(1_714_564_800_000 + (n / 20 * 60_000L), 61_290m, 61_493.5m, 60_969m, close, n * 0.01234567m, false, rev);
        return StreamEvents.Candle(new CandleUpdate(series, candle));
    }

    private static Frame Noise(Random random, int length, int values)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        for (var i = 0; i < length; i++) bytes[i] = (byte)(bytes[i] % values);
        return Frame.Of(bytes);
    }

    /// <summary>The framework's decoder, which is given bytes and must then tell all that they mean, without asking for more.</summary>
    private sealed class Decoder : IDisposable
    {
        private readonly Pipe _pipe = new();
        private readonly DeflateStream _stream;
        private readonly byte[] _buffer = new byte[DeflateEncoder.MaxBlockBytes];

        public Decoder() => _stream = new DeflateStream(_pipe, CompressionMode.Decompress);

        public void Feed(ReadOnlySpan<byte> bytes) => _pipe.Add(bytes);

        public ReadOnlySpan<byte> Read(int length)
        {
            _stream.ReadExactly(_buffer.AsSpan(0, length));
            return _buffer.AsSpan(0, length);
        }

        public void Dispose() => _stream.Dispose();
    }

    private sealed class Pipe : MemoryStream
    {
        public void Add(ReadOnlySpan<byte> bytes)
        {
            var position = Position;
            Seek(0, SeekOrigin.End);
            Write(bytes);
            Position = position;
        }

        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, count) is var read and > 0
            ? read
            : throw new InvalidOperationException("The decoder wants more than it was given.");
    }
}
