
namespace CandleStream.Server.Commands;

/// <summary>One row of a file.</summary>
/// <param name="Line">Its line, counted from 1; of a Parquet file its row, counted from 1.</param>
/// <param name="Candle">The candle, as far as it could be read; final and numbered by its end.</param>
/// <param name="Refusal">Why it is no candle; null where it is one.</param>
/// <param name="IsRunning">True for a candle that had not ended: it is left out, as its values are not final.</param>
internal readonly record struct CandleRow(long Line, Candle Candle, string? Refusal, bool IsRunning)
{
    /// <summary>
    /// True where an exchange states with a flat row that nothing was traded: that is no candle, and proves that there is none.
    /// </summary>
    public bool IsEmpty { get; init; }
}

/// <summary>A file of candles. Read row by row, as often as wanted; its format is told by its content.</summary>
internal abstract class CandleFile(FileInfo file) : IDisposable
{
    /// <summary>What <c>--format</c> may say.</summary>
    public static readonly string[] Formats = ["auto", "csv", "parquet", "binance", "kraken", "cryptodatadownload"];

    public string Name { get; } = file.Name;

    /// <summary>What the file says of itself.</summary>
    public abstract FileNotes Notes { get; }

    /// <summary>The format, one of <see cref="Formats"/>.</summary>
    public abstract string Format { get; }

    /// <summary>Opens a file, perhaps compressed by gzip or zip.</summary>
    /// <exception cref="CommandException">There is no such file, it is cut, or of a kind that is not read.</exception>
    public static async Task<CandleFile> OpenAsync(FileInfo file, CancellationToken stop, string format = "auto")
    {
        if (!file.Exists) throw new CommandException($"There is no file {file.Name}.");
        var start = new byte[4];
        int length;
        await using (var content = file.OpenRead()) length =
            await content.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, stop);
        CandleFile opened = start switch
        {
            [(byte)'P', (byte)'A', (byte)'R', (byte)'1'] => await ParquetCandleFile.OpenAsync(file, stop),
            [(byte)'P', (byte)'K', ..] => await CsvCandleFile.OpenZipAsync(file, stop),
            _ => await CsvCandleFile.OpenAsync(file, GzipFile.IsGzip(start.AsSpan(0, length)), stop),
        };
        if (format == "auto" || format == opened.Format) return opened;
        opened.Dispose();
        throw new CommandException($"{file.Name} is no file of the format {format}: it looks like {opened.Format}.");
    }

    /// <summary>Checks that its candles can be those of a series, as far as its name and its columns tell.</summary>
    /// <exception cref="CommandException">They are of another exchange, symbol or timeframe.</exception>
    public abstract void CheckIsOf(SeriesKey series);

    /// <summary>Every row, oldest first.</summary>
    /// <param name="series">The series they are candles of.</param>
    /// <param name="now">The time (Unix ms) by which a candle is told to be running, or not to have begun.</param>
    /// <param name="stop">Ends the reading.</param>
    public abstract IAsyncEnumerable<CandleRow> ReadAsync(SeriesKey series, long now, CancellationToken stop);

    public virtual void Dispose()
    {
        // Most files leave nothing behind.
    }
}
