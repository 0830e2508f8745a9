using System.IO.Compression;
using System.Text;
using CandleStream.Server.Commands;

namespace CandleStream.Tests.Commands;

/// <summary>When a compressed file counts as whole.</summary>
public sealed class GzipFileTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_file_that_was_cut_anywhere_is_not_whole()
    {
        var file = Member("time,open,high,low,close,volume\n" + string.Concat(
            Enumerable.Range(0, 50).Select(i => $"{i},{i * 7919 % 1000},{i},{i},{i},{i}\n")));
        Assert.True(await IsWholeAsync(file));
        for (var length = 2; length < file.Length; length++) Assert.False(
            await IsWholeAsync(file[..length]), $"cut after {length} of {file.Length} bytes");
    }

    [Fact]
    public async Task Several_members_are_fine_and_each_must_be_whole()
    {
        var (first, second) = (Member("one\n"), Member("two\n"));
        Assert.True(await IsWholeAsync([.. first, .. second]));
        for (var length = 1; length < second.Length; length++) Assert.False(
            await IsWholeAsync([.. first, .. second[..length]]), $"the second cut after {length} bytes");
    }

    [Fact]
    public async Task A_large_file_of_many_members_is_whole()
    {
        var random = new Random(5);
        var parts = Enumerable.Range(0, 300)
            .Select(_ => Member(string.Concat(Enumerable.Range(0, random.Next(1, 400)).Select(_ => random.Next())))).ToArray();
        Assert.True(await IsWholeAsync([.. parts.SelectMany(p => p)]));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(-5)]
    [InlineData(12)]
    public async Task A_wrong_checksum_length_or_content_is_seen(int at)
    {
        var file = Member("time,open,high,low,close,volume\n1714564800000,1,2,0.5,1,1\n");
        file[at < 0 ? file.Length + at : at] ^= 0x10;
        Assert.False(await IsWholeAsync(file));
    }

    private static Task<bool> IsWholeAsync(byte[] file) => GzipFile.IsWholeAsync(new MemoryStream(file), Cancel);

    private static byte[] Member(string text)
    {
        using var file = new MemoryStream();
        using (var gzip = new GZipStream(file, CompressionLevel.Optimal)) gzip.Write(Encoding.UTF8.GetBytes(text));
        return file.ToArray();
    }
}
