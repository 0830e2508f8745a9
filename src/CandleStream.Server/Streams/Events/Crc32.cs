namespace CandleStream.Server.Streams.Events;

/// <summary>
/// The CRC-32 of gzip (RFC 1952, 8). That of a whole follows from those of its parts, so that bytes which many readers share are read once.
/// </summary>
internal static class Crc32
{
    private const uint Polynomial = 0xEDB88320;

    // Polynomials over two elements: the highest bit is the factor of x to the power of 0.
    private const uint One = 0x8000_0000;
    private const uint XToThe8 = One >> 8;

    private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(b => EntryOf((uint)b))];

    /// <summary>The checksum of <paramref name="before"/>'s bytes and these behind them.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes, uint before = 0)
    {
        var crc = ~before;
        foreach (var b in bytes) crc = Table[(byte)crc ^ b] ^ (crc >> 8);
        return ~crc;
    }

    /// <summary>What as many bytes behind it do to a checksum, for <see cref="Join"/>.</summary>
    public static uint ShiftOf(int bytes)
    {
        var (shift, power) = (One, XToThe8);
        for (; bytes > 0; bytes >>= 1)
        {
            if ((bytes & 1) != 0) shift = Multiply(shift, power);
            power = Multiply(power, power);
        }

        return shift;
    }

    /// <summary>The checksum of two parts together.</summary>
    /// <param name="first">Of the first part.</param>
    /// <param name="second">Of the second part.</param>
    /// <param name="shift"><see cref="ShiftOf"/> the second part's length.</param>
    public static uint Join(uint first, uint second, uint shift) => Multiply(first, shift) ^ second;

    private static uint Multiply(uint a, uint b)
    {
        var product = 0u;
        for (; a != 0; a <<= 1)
        {
            product ^= b & (uint)((int)a >> 31);
            b = Double(b);
        }

        return product;
    }

    private static uint Double(uint value) => (value >> 1) ^ (Polynomial & (0 - (value & 1)));

    private static uint EntryOf(uint value)
    {
        for (var i = 0; i < 8; i++) value = Double(value);
        return value;
    }
}
