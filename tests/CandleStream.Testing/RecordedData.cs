using System.Globalization;
using System.IO.Compression;

namespace CandleStream.Testing;

/// <summary>
/// Market data recorded from the exchanges. It is not ours to publish, so it never stands in the repository; tests that need it are skipped
/// where it is absent.
/// </summary>
internal static class RecordedData
{
    private static readonly string Folder =
        Environment.GetEnvironmentVariable("CANDLESTREAM_RECORDED_DATA") is { Length: > 0 } stated
            ? stated
            : Path.Combine(Repository.Root, "..", "shared", "data");

    public static bool IsPresent => Directory.Exists(Folder);

    /// <summary>The path of a recorded file; skips the test where there is none.</summary>
    public static string Require(string name)
    {
        var path = Path.Combine(Folder, name);
        Assert.SkipUnless(File.Exists(path), "no recorded data");
        return path;
    }

    /// <summary>The lines of a recorded file, unpacked where its name ends in gz; skips the test where there is none.</summary>
    public static IEnumerable<string> Lines(string name) => ReadLines(Require(name));

    /// <summary>The frames that Bitfinex sent in both recorded sessions.</summary>
    public static IEnumerable<string> Frames() =>
        Lines("ws-trades-tBTCUSD-20181112.ndjson.gz")
            .Concat(Lines("ws-multichannel-20210417.tsv.gz").Select(l => l.Split('\t')).Where(f => f[0] == "in").Select(f => f[2]));

    /// <summary>The candles of a file <c>mts,open,close,high,low,volume</c>, closed.</summary>
    public static Dictionary<long, Candle> ReadCandles(string path)
    {
        var candles = new Dictionary<long, Candle>();
        foreach (var fields in ReadRows(path))
        {
            var numbers = Array.ConvertAll(fields, f => decimal.Parse(f, NumberStyles.Float, CultureInfo.InvariantCulture));
            candles.Add(
                (long)numbers[0], new Candle((long)numbers[0], numbers[1], numbers[3], numbers[4], numbers[2], numbers[5], Closed: true));
        }

        return candles;
    }

    /// <summary>The rows of a gzipped CSV file, without its header.</summary>
    public static IEnumerable<string[]> ReadRows(string path) => ReadLines(path).Skip(1).Select(line => line.Split(','));

    private static IEnumerable<string> ReadLines(string path)
    {
        using Stream stream = File.OpenRead(path);
        using var reader =
            new StreamReader(path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(stream, CompressionMode.Decompress) : stream);
        while (reader.ReadLine() is { } line) yield return line;
    }
}
