using System.Buffers.Text;

namespace CandleStream.Simulator.Protocol;

/// <summary>What a client may switch on by <c>conf</c> that changes candle frames (Bitfinex docs, ws-general).</summary>
[Flags]
internal enum ConfFlags
{
    None = 0,
    Timestamp = 32768,
    Sequence = 65536,
}

/// <summary>Writes data frames: <c>[chanId,payload]</c>, then the number, then the time, each only where its flag is on.</summary>
internal static class ArrayFrame
{
    public static byte[] Write(int channelId, ReadOnlySpan<byte> payload, ConfFlags flags, long number, long stamp)
    {
        Span<byte> head = stackalloc byte[24];
        Span<byte> tail = stackalloc byte[48];
        head[0] = (byte)'[';
        Utf8Formatter.TryFormat(channelId, head[1..], out var headLength);
        headLength++;
        head[headLength++] = (byte)',';
        var tailLength = 0;
        if ((flags & ConfFlags.Sequence) != 0)
            tailLength += Append(tail, number);
        if ((flags & ConfFlags.Timestamp) != 0)
            tailLength += Append(tail[tailLength..], stamp);
        tail[tailLength++] = (byte)']';

        var frame = new byte[headLength + payload.Length + tailLength];
        head[..headLength].CopyTo(frame);
        payload.CopyTo(frame.AsSpan(headLength));
        tail[..tailLength].CopyTo(frame.AsSpan(headLength + payload.Length));
        return frame;
    }

    private static int Append(Span<byte> text, long value)
    {
        text[0] = (byte)',';
        Utf8Formatter.TryFormat(value, text[1..], out var length);
        return length + 1;
    }
}
