using System.IO.Compression;

namespace CandleStream.Tests.Bitfinex;

/// <summary>
/// Market data recorded from the exchange. It is not part of the repository; tests that need it are skipped where it is absent.
/// </summary>
internal static class RecordedData
{
    private static readonly string? Folder = FindFolder();

    /// <summary>The lines of a recorded file, unpacked where its name ends in gz.</summary>
    public static IEnumerable<string> Lines(string file)
    {
        Assert.SkipUnless(Folder is not null, "no recorded data");
        using Stream stream = File.OpenRead(Path.Combine(Folder!, file));
        using var reader =
            new StreamReader(file.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(stream, CompressionMode.Decompress) : stream);
        while (reader.ReadLine() is { } line) yield return line;
    }

    /// <summary>The frames that the exchange sent in both recorded sessions.</summary>
    public static IEnumerable<string> Frames() =>
        Lines("ws-trades-tBTCUSD-20181112.ndjson.gz")
            .Concat(Lines("ws-multichannel-20210417.tsv.gz").Select(l => l.Split('\t')).Where(f => f[0] == "in").Select(f => f[2]));

    public static bool IsPresent => Folder is not null;

    private static string? FindFolder()
    {
        var stated = Environment.GetEnvironmentVariable("CANDLESTREAM_RECORDED_DATA");
        if (!string.IsNullOrEmpty(stated)) return Directory.Exists(stated) ? stated : null;
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(Path.Combine(folder.FullName, "CandleStream.slnx"))) continue;
            var data = Path.Combine(folder.FullName, "..", "shared", "data");
            return Directory.Exists(data) ? data : null;
        }

        return null;
    }
}
