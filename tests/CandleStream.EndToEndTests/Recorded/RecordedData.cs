using System.Globalization;
using System.IO.Compression;
using CandleStream.EndToEndTests.Server;

namespace CandleStream.EndToEndTests.Recorded;

/// <summary>Recorded market data, where it is there: it is not ours to publish, so it never stands in the repository.</summary>
internal static class RecordedData
{
    /// <summary>The path of a recorded file; skips the test where there is none.</summary>
    public static string Require(string name)
    {
        var folder = Environment.GetEnvironmentVariable("CANDLESTREAM_RECORDED_DATA")
            ?? Path.Combine(Repository.Root, "..", "shared", "data");
        var path = Path.Combine(folder, name);
        Assert.SkipUnless(File.Exists(path), "no recorded data");
        return path;
    }

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
    public static IEnumerable<string[]> ReadRows(string path)
    {
        using var reader = new StreamReader(new GZipStream(File.OpenRead(path), CompressionMode.Decompress));
        reader.ReadLine();
        while (reader.ReadLine() is { } line) yield return line.Split(',');
    }
}
