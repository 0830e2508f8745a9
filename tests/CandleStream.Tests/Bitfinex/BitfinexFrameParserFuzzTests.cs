using System.Text;
using CandleStream.Exchanges;
using CandleStream.Exchanges.Bitfinex;

namespace CandleStream.Tests.Bitfinex;

/// <summary>Frames as the exchange sends them, damaged at random: each is parsed, ignored or malformed, and nothing else happens.</summary>
public class BitfinexFrameParserFuzzTests
{
    private static readonly string[] OwnFrames =
    [
        "[343351,[1574698200000,7399.9,7379.7,7399.9,7371.8,41.63633658],7,1790134414850]",
        "[343351,[[1574698260000,7379.785503,7383.8,7388.3,7379.785503,1.68829482],[1574698200000,7399.9,7379.7,7399.9,7371.8,41.63633658]],1,1790134414850]",
        "[343351,[],1,1790134414850]",
        "[343351,\"hb\",8,1790134414850]",
        """{"event":"info","version":2,"serverId":"f9b8d150-53cb-4971-970d-5fb20b96258c","platform":{"status":1},"simulator":"CandleStream"}""",
        """{"event":"subscribed","channel":"candles","chanId":343351,"key":"trade:1m:tBTCUSD"}""",
        """{"event":"error","msg":"subscribe: dup","code":10301,"channel":"candles","key":"trade:1m:tBTCUSD","chanId":343351}""",
        """{"event":"conf","status":"OK","flags":98304}""",
    ];

    private static readonly byte[][] Splices =
    [
        "["u8.ToArray(), "]"u8.ToArray(), "{"u8.ToArray(), "}"u8.ToArray(), ","u8.ToArray(), "\""u8.ToArray(), "null"u8.ToArray(),
        "1e999"u8.ToArray(),
        "-0"u8.ToArray(), "99999999999999999999999999999999999999"u8.ToArray(), "0.0000000000000000000000000000000000001"u8.ToArray(),
        "\\ud800"u8.ToArray(),
        [0xff], [0x00], [0xc3, 0x28], Encoding.UTF8.GetBytes(new string('[', 200)),
    ];

    [Fact]
    public void Damaged_frames_never_throw_and_never_hold_memory()
    {
        var count = Environment.GetEnvironmentVariable("CANDLESTREAM_TEST_FULL") == "1" ? 2_000_000 : 200_000;
        var frames = (RecordedData.IsPresent ? OwnFrames.Concat(RecordedData.Frames()) : OwnFrames).Select(Encoding.UTF8.GetBytes)
            .ToArray();
        var random = new Random(20260922);
        var snapshot = new List<Candle>();
        var unreadable = new List<UnreadableRow>();
        var kinds = new long[Enum.GetValues<FrameKind>().Length];
        var buffer = new byte[64 * 1024];
        long parsed = 0, most = 0;

        for (var i = 0; i < count; i++)
        {
            // Our own frames, which alone hold candles, are taken half of the time.
            var frame = random.Next(2) == 0 ? OwnFramesBytes[random.Next(OwnFramesBytes.Length)] : frames[random.Next(frames.Length)];
            var length = Damage(frame, buffer, random);
            var before = GC.GetAllocatedBytesForCurrentThread();
            var result = BitfinexFrameParser.Parse(buffer.AsSpan(0, length), (ConfFlags)(random.Next(4) * 32768), snapshot, unreadable);
            most = Math.Max(most, GC.GetAllocatedBytesForCurrentThread() - before);
            kinds[(int)result.Kind]++;
            parsed++;
            if (result.Kind == FrameKind.Update) Assert.True(result.Candle.Time > 0);
        }

        Assert.Equal(count, kinds.Sum());
        Assert.Equal(count, parsed);

        // Damage that never breaks a frame, or always does, would test nothing.
        Assert.All([FrameKind.Malformed, FrameKind.Update, FrameKind.Snapshot, FrameKind.Heartbeat, FrameKind.Unreadable,
            FrameKind.Unknown], k => Assert.True(kinds[(int)k] > count / 1000, $"{k}: {kinds[(int)k]}"));

        // One frame costs at most one exception, its text and the strings of an event; a snapshot list keeps its room.
        Assert.True(most < 128 * 1024, $"{most} bytes for one frame");
        Assert.True(snapshot.Capacity < 4096, $"{snapshot.Capacity} candles kept");
    }

    private static readonly byte[][] OwnFramesBytes = [.. OwnFrames.Select(Encoding.UTF8.GetBytes)];

    private static int Damage(byte[] frame, byte[] buffer, Random random)
    {
        frame.CopyTo(buffer, 0);
        var length = frame.Length;
        for (var times = random.Next(4); times > 0 && length > 0; times--)
        {
            var at = random.Next(length);
            switch (random.Next(6))
            {
                case 0: // another byte
                    buffer[at] = (byte)random.Next(256);
                    break;
                case 1: // another digit
                    for (var i = 0; i < length; i++)
                    {
                        var j = (at + i) % length;
                        if (!char.IsAsciiDigit((char)buffer[j])) continue;
                        buffer[j] = (byte)('0' + random.Next(10));
                        break;
                    }

                    break;
                case 2: // cut off
                    length = at;
                    break;
                case 3: // a piece missing
                    var gone = Math.Min(random.Next(1, 20), length - at);
                    buffer.AsSpan(at + gone, length - at - gone).CopyTo(buffer.AsSpan(at));
                    length -= gone;
                    break;
                case 4: // a piece twice
                    length = Insert(buffer, length, at, buffer.AsSpan(at, Math.Min(random.Next(1, 60), length - at)).ToArray());
                    break;
                default: // something else put in
                    length = Insert(buffer, length, at, Splices[random.Next(Splices.Length)]);
                    break;
            }
        }

        return length;
    }

    private static int Insert(byte[] buffer, int length, int at, byte[] piece)
    {
        if (length + piece.Length > buffer.Length) return length;
        buffer.AsSpan(at, length - at).CopyTo(buffer.AsSpan(at + piece.Length));
        piece.CopyTo(buffer, at);
        return length + piece.Length;
    }
}
