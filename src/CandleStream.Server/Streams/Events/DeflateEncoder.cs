using System.Buffers.Binary;
using System.Numerics;

namespace CandleStream.Server.Streams.Events;

/// <summary>
/// Compresses events against the events that their reader got last (RFC 1951): one block with the fixed codes, whose matches reach into
/// that history, and an empty stored block that ends at a byte's boundary. It keeps nothing from one call to the next, so what it makes
/// serves every reader with the same history. One thread at a time.
/// </summary>
internal sealed class DeflateEncoder
{
    /// <summary>
    /// Larger events are compressed on their own, by the framework: codes made for them save more than a history does, and the history of
    /// four smaller ones always fits the window of 32 KB.
    /// </summary>
    public const int MaxEventBytes = 4 * 1024;

    /// <summary>The most that is encoded at once.</summary>
    public const int MaxBlockBytes = 12 * 1024;

    private const int WindowBytes = (FrameHistory.Length * MaxEventBytes) + MaxBlockBytes;
    private const int HashBits = 12;
    private const int MinMatch = 3;
    private const int MaxMatch = 258;

    /// <summary>How many earlier places are compared for the longest match.</summary>
    private const int MaxTries = 64;

    /// <summary>A match of three bytes from farther away costs more bits than the bytes themselves.</summary>
    private const int FarForShortest = 2048;

    private const int EndOfBlock = 256;
    private const int FirstLength = 257;
    private const int LastLength = 285;

    private static readonly (ushort Code, byte Bits)[] Symbols = [.. Enumerable.Range(0, 288).Select(CodeOf)];
    private static readonly ushort[] DistanceCodes = [.. Enumerable.Range(0, 30).Select(code => (ushort)Reverse(code, 5))];

    private readonly byte[] _window = new byte[WindowBytes];

    // A byte takes nine bits at most.
    private readonly byte[] _output = new byte[MaxBlockBytes + (MaxBlockBytes / 8) + 64];

    // The newest place of each hash, and for each place the one before it of the same hash. Places are counted on from call to call, so
    // that what an earlier call left is told by its number and needs no clearing.
    private readonly int[] _newest = new int[1 << HashBits];
    private readonly int[] _before = new int[WindowBytes];
    private int _first = 1;
    private ulong _bits;
    private int _bitCount;
    private int _written;

    /// <summary>
    /// The block for <paramref name="frames"/>, all at once; valid until the next call. At most <see cref="MaxBlockBytes"/> together, and
    /// none of them or of the history above <see cref="MaxEventBytes"/>.
    /// </summary>
    public ReadOnlySpan<byte> Encode(in FrameHistory history, ReadOnlySpan<Frame> frames)
    {
        if (_first > int.MaxValue - WindowBytes)
        {
            Array.Clear(_newest);
            _first = 1;
        }

        var length = 0;
        foreach (var frame in history) length += Append(frame, length);
        var start = length;
        foreach (var frame in frames) length += Append(frame, length);

        (_bits, _bitCount, _written) = (0, 0, 0);
        var data = _window.AsSpan(0, length);
        for (var at = 0; at < start; at++) Remember(data, at);
        Put(0b010, 3);
        EncodeFrom(start, data);
        Put(Symbols[EndOfBlock]);
        Put(0b000, 3);
        Align();
        BinaryPrimitives.WriteUInt32BigEndian(_output.AsSpan(_written), 0x0000FFFF);
        _first += length;
        return _output.AsSpan(0, _written + 4);
    }

    private int Append(Frame? frame, int at)
    {
        if (frame is null) return 0;
        var bytes = frame.Plain.Span;
        bytes.CopyTo(_window.AsSpan(at));
        return bytes.Length;
    }

    private void EncodeFrom(int start, ReadOnlySpan<byte> data)
    {
        for (var at = start; at < data.Length;)
        {
            var (length, distance) = FindMatch(data, at);
            if (length == 0)
            {
                Put(Symbols[data[at]]);
                length = 1;
            }
            else
            {
                PutLength(length);
                PutDistance(distance);
            }

            for (var end = at + length; at < end; at++) Remember(data, at);
        }
    }

    // The longest match, the nearest of several; length 0 where none pays.
    private (int Length, int Distance) FindMatch(ReadOnlySpan<byte> data, int at)
    {
        var rest = data[at..];
        if (rest.Length > MaxMatch) rest = rest[..MaxMatch];
        if (rest.Length < MinMatch) return default;
        var (length, distance) = (MinMatch - 1, 0);
        var candidate = _newest[HashOf(rest)];
        for (var tries = MaxTries; candidate >= _first && tries > 0; tries--)
        {
            var from = candidate - _first;
            candidate = _before[from];
            if (data[from + length] != rest[length]) continue;
            var common = data[from..].CommonPrefixLength(rest);
            if (common <= length) continue;
            (length, distance) = (common, at - from);
            if (length == rest.Length) break;
        }

        return distance == 0 || (length == MinMatch && distance >= FarForShortest) ? default : (length, distance);
    }

    private void Remember(ReadOnlySpan<byte> data, int at)
    {
        if (at + MinMatch > data.Length) return;
        ref var newest = ref _newest[HashOf(data[at..])];
        _before[at] = newest;
        newest = _first + at;
    }

    private static int HashOf(ReadOnlySpan<byte> bytes) =>
        (int)(((uint)(bytes[0] | (bytes[1] << 8) | (bytes[2] << 16)) * 0x9E3779B1) >> (32 - HashBits));

    // Four symbols for each number of extra bits, from the second one on; the longest has one of its own.
    private void PutLength(int length)
    {
        if (length == MaxMatch)
        {
            Put(Symbols[LastLength]);
            return;
        }

        var value = length - MinMatch;
        var extra = Math.Max(0, BitOperations.Log2((uint)value) - 2);
        Put(Symbols[FirstLength + (4 * extra) + (value >> extra)]);
        Put((uint)(value & ((1 << extra) - 1)), extra);
    }

    // The same with two codes each.
    private void PutDistance(int distance)
    {
        var value = distance - 1;
        var extra = Math.Max(0, BitOperations.Log2((uint)value) - 1);
        Put(DistanceCodes[(2 * extra) + (value >> extra)], 5);
        Put((uint)(value & ((1 << extra) - 1)), extra);
    }

    private void Put((ushort Code, byte Bits) symbol) => Put(symbol.Code, symbol.Bits);

    private void Put(uint value, int count)
    {
        _bits |= (ulong)value << _bitCount;
        _bitCount += count;
        if (_bitCount < 32) return;
        BinaryPrimitives.WriteUInt32LittleEndian(_output.AsSpan(_written), (uint)_bits);
        _written += 4;
        _bits >>= 32;
        _bitCount -= 32;
    }

    private void Align()
    {
        for (; _bitCount > 0; _bitCount -= 8)
        {
            _output[_written++] = (byte)_bits;
            _bits >>= 8;
        }
    }

    // RFC 1951, 3.2.6.
    private static (ushort Code, byte Bits) CodeOf(int symbol)
    {
        var (code, bits) = symbol switch
        {
            < 144 => (0b0011_0000 + symbol, 8),
            < 256 => (0b1_1001_0000 + symbol - 144, 9),
            < 280 => (symbol - 256, 7),
            _ => (0b1100_0000 + symbol - 280, 8),
        };
        return ((ushort)Reverse(code, bits), (byte)bits);
    }

    // Codes are packed from their highest bit on, everything else from its lowest.
    private static int Reverse(int code, int bits)
    {
        var reversed = 0;
        for (var i = 0; i < bits; i++) reversed |= ((code >> i) & 1) << (bits - 1 - i);
        return reversed;
    }
}
