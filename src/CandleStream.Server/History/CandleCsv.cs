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

    private static readonly string[] Columns = ["time", "open", "high", "low", "close", "volume", "closed", "rev"];
    private static readonly string[] FigureColumns = ["trades", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume"];

    private static readonly CsvWriterOptions Options = new() { NewLine = "\r\n", TrueValue = "true", FalseValue = "false" };

    public static async Task WriteAsync(HttpResponse response, HistoryAnswer answer, CancellationToken cancel)
    {
        response.ContentType = "text/csv; charset=utf-8; header=present";
        response.Headers[AsOfHeader] = answer.AsOf.ToString();
        // The count only: a long list of ranges would not fit into headers, the JSON form names them.
        response.Headers[GapsHeader] = answer.Gaps.Count.ToString(CultureInfo.InvariantCulture);
        if (answer.Next is { } next) response.Headers[NextHeader] = next.ToString(CultureInfo.InvariantCulture);
        if (answer.Reset) response.Headers[ResetHeader] = "true";

        await WriteRowsAsync(response.Body, answer.Series, answer.Candles.ToAsyncEnumerable(), cancel);
    }

    /// <summary>
    /// Writes a header and one row per candle; returns how many. Where the exchange tells figures of the trades, they are further columns.
    /// </summary>
    public static async Task<long> WriteRowsAsync(
        Stream body, SeriesKey series, IAsyncEnumerable<Candle> candles, CancellationToken cancel)
    {
        var tellsFigures = series.Exchange.TellsTradeFigures;
        await using var csv = CsvWriter.Create(body, Options, leaveOpen: true);
        csv.WriteHeader(tellsFigures ? [.. Columns, .. FigureColumns] : Columns);
        var rows = 0L;
        await foreach (var candle in candles.WithCancellation(cancel))
        {
            WriteRow(csv, candle);
            if (tellsFigures) WriteFigures(csv, candle.Figures);
            await csv.EndRecordAsync(cancel);
            rows++;
        }

        return rows;
    }

    private static void WriteFigures(CsvWriter csv, in TradeFigures figures)
    {
        csv.WriteField(figures.Trades);
        csv.WriteField(figures.QuoteVolume);
        csv.WriteField(figures.TakerBuyVolume);
        csv.WriteField(figures.TakerBuyQuoteVolume);
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
