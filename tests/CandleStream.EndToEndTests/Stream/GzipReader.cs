using System.Buffers.Binary;
using System.IO.Compression;
using CandleStream.Server.Streams.Events;

namespace CandleStream.EndToEndTests.Stream;

/// <summary>Reads a gzip body as it comes: all that its bytes tell, at once, and whether its end is right.</summary>
internal sealed class GzipReader : IDisposable
{
    private const int TrailerBytes = 8;

    private readonly MemoryStream _fed = new();
    private readonly GZipStream _decoder;
    private readonly byte[] _buffer = new byte[4096];
    private uint _checksum;
    private uint _length;

    public GzipReader() => _decoder = new GZipStream(_fed, CompressionMode.Decompress);

    public void Feed(byte b)
    {
        var position = _fed.Position;
        _fed.Seek(0, SeekOrigin.End);
        _fed.WriteByte(b);
        _fed.Position = position;
    }

    /// <summary>What was not read yet of the bytes fed so far.</summary>
    /// <exception cref="InvalidDataException">It is no gzip.</exception>
    public List<byte> Read()
    {
        var all = new List<byte>();
        for (int read; (read = _decoder.Read(_buffer)) > 0; all.AddRange(_buffer.AsSpan(0, read)))
        {
            _checksum = Crc32.Of(_buffer.AsSpan(0, read), _checksum);
            _length += (uint)read;
        }

        return all;
    }

    public void Dispose() => _decoder.Dispose();

    /// <summary>The body has ended: so must the gzip, with the checksum and the length of all that was read.</summary>
    public void AssertWhole()
    {
        var trailer = _fed.GetBuffer().AsSpan((int)_fed.Length - TrailerBytes, TrailerBytes);
        var (checksum, length) = (BinaryPrimitives.ReadUInt32LittleEndian(trailer), BinaryPrimitives.ReadUInt32LittleEndian(trailer[4..]));
        if ((checksum, length) != (_checksum, _length))
            throw new FormatException($"The gzip ends with {checksum:x8} {length} and not with {_checksum:x8} {_length}.");
    }
}
