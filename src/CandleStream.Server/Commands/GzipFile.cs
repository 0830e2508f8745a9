using System.IO.Compression;

namespace CandleStream.Server.Commands;

/// <summary>
/// Finds out whether a gzip file is whole. A decompressor takes the end of the file for the end of the data, wherever that is. So a member
/// of our own is put behind the file: it is reached only when the last member before it is whole, checksum and length included. Several
/// members are fine.
/// </summary>
internal static class GzipFile
{
    private static readonly byte[] Seal = Guid.Parse("6d1e6a43-50f8-4c4c-9f0c-5d2f6a8be0a7").ToByteArray();

    public static bool IsGzip(ReadOnlySpan<byte> start) => start is [0x1f, 0x8b, ..];

    /// <summary>True when the file is whole and what is behind its last member is nothing.</summary>
    public static async Task<bool> IsWholeAsync(Stream file, CancellationToken stop)
    {
        await using var content = new GZipStream(new SealedStream(file, Compress(Seal)), CompressionMode.Decompress);
        var buffer = new byte[64 * 1024];
        var end = new List<byte>();
        try
        {
            while (await content.ReadAsync(buffer, stop) is > 0 and var length)
            {
                end.AddRange(buffer.AsSpan(Math.Max(0, length - Seal.Length), Math.Min(length, Seal.Length)));
                if (end.Count > Seal.Length) end.RemoveRange(0, end.Count - Seal.Length);
            }
        }
        catch (InvalidDataException)
        {
            return false;
        }

        return end.SequenceEqual(Seal);
    }

    private static byte[] Compress(byte[] content)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.NoCompression)) gzip.Write(content);
        return compressed.ToArray();
    }

    /// <summary>A file with a few bytes behind it.</summary>
    private sealed class SealedStream(Stream file, byte[] seal) : Stream
    {
        private int _sealed;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_sealed == 0 && await file.ReadAsync(buffer, cancellationToken) is > 0 and var length) return length;
            var rest = Math.Min(seal.Length - _sealed, buffer.Length);
            seal.AsMemory(_sealed, rest).CopyTo(buffer);
            _sealed += rest;
            return rest;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
            // Nothing is written here.
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
