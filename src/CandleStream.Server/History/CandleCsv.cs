using System.Globalization;
using CandleStream.Streaming;
using CsvHelper;

namespace CandleStream.Server.History;

/// <summary>The CSV form of <c>GET /candles</c>: the candles as rows, everything around them as headers.</summary>
internal static class CandleCsv
{
    public const string ContentType = "text/csv";
    public const string AsOfHeader = "Candles-As-Of";
    public const string NextHeader = "Candles-Next";
    public const string GapsHeader = "Candles-Gaps";
    public const string ResetHeader = "Candles-Reset";

    private static readonly CsvWriterOptions Options = new() { NewLine = "\r\n", TrueValue = "true", FalseValue = "false" };

    public static async Task WriteAsync(HttpResponse response, HistoryAnswer answer, CancellationToken cancel)
    {
        response.ContentType = "text/csv; charset=utf-8; header=present";
        response.Headers[AsOfHeader] = answer.AsOf.ToString();
        // The count only: a long list of ranges would not fit into headers, the JSON form names them.
        response.Headers[GapsHeader] = answer.Gaps.Count.ToString(CultureInfo.InvariantCulture);
        if (answer.Next is { } next) response.Headers[NextHeader] = next.ToString(CultureInfo.InvariantCulture);
        if (answer.Reset) response.Headers[ResetHeader] = "true";

        await WriteRowsAsync(response.Body, answer.Candles.ToAsyncEnumerable(), cancel);
    }

    /// <summary>Writes a header and one row per candle; returns how many.</summary>
    public static async Task<long> WriteRowsAsync(Stream body, IAsyncEnumerable<Candle> candles, CancellationToken cancel)
    {
        await using var csv = CsvWriter.Create(body, Options, leaveOpen: true);
        csv.WriteHeader("time", "open", "high", "low", "close", "volume", "closed", "rev");
        var rows = 0L;
        await foreach (var candle in candles.WithCancellation(cancel))
        {
            WriteRow(csv, candle);
            await csv.EndRecordAsync(cancel);
            rows++;
        }

        return rows;
    }

    private static void WriteRow(CsvWriter csv, in Candle candle)
    {
        csv.WriteField(candle.Time);
        csv.WriteField(candle.Open);
        csv.WriteField(candle.High);
        csv.WriteField(candle.Low);
        csv.WriteField(candle.Close);
        csv.WriteField(candle.Volume);
        csv.WriteField(candle.Closed);
        csv.WriteField(candle.Rev);
    }
}
