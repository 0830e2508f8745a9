using System.Globalization;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using CsvHelper;

namespace CandleStream.Server.Commands;

/// <summary>One row of a file.</summary>
/// <param name="Line">Its line, counted from 1.</param>
/// <param name="Candle">The candle, as far as it could be read; final and numbered by its end.</param>
/// <param name="Refusal">Why it is no candle; null where it is one.</param>
/// <param name="IsRunning">True for a candle that had not ended: it is left out, as its values are not final.</param>
internal readonly record struct CandleRow(long Line, Candle Candle, string? Refusal, bool IsRunning);

/// <summary>A CSV file of candles, compressed or not, which it shows by its content. Read row by row, as often as wanted.</summary>
internal sealed class CandleFile
{
    private const string Separators = ",;\t|";

    private readonly FileInfo _file;
    private readonly bool _isCompressed;
    private readonly CsvReaderOptions _options;

    private CandleFile(FileInfo file, bool isCompressed, char separator, FileNotes notes)
    {
        (_file, _isCompressed, Notes) = (file, isCompressed, notes);
        _options = new CsvReaderOptions { Separator = separator, CommentPrefix = '#', TrackLineNumbers = true, AllowLineBreaksInQuotes = false, MaxRecordSize = 64 * 1024 };
    }

    public string Name => _file.Name;

    public FileNotes Notes { get; }

    /// <exception cref="CommandException">There is no such file, it is cut, or of a kind that is not read.</exception>
    public static async Task<CandleFile> OpenAsync(FileInfo file, CancellationToken stop)
    {
        if (!file.Exists) throw new CommandException($"There is no file {file.Name}.");
        var isCompressed = await CheckAsync(file, stop);
        var notes = new List<string>();
        string? header = null;
        await using var content = Content(file, isCompressed);
        using var text = new StreamReader(content);
        while (await text.ReadLineAsync(stop) is { } line)
        {
            if (line.StartsWith('#')) notes.Add(line);
            else if (line.Length > 0) header ??= line;
        }

        if (header is null) throw new CommandException($"{file.Name} is empty: a header line is missing.");
        return new CandleFile(file, isCompressed, Separators.MaxBy(s => header.Count(c => c == s)), FileNotes.Read(notes, file.Name));
    }

    /// <summary>Every row. Times must rise.</summary>
    /// <param name="series">The series they are candles of.</param>
    /// <param name="now">The time (Unix ms) by which a candle is told to be running, or not to have begun.</param>
    /// <param name="stop">Ends the reading.</param>
    public async IAsyncEnumerable<CandleRow> ReadAsync(SeriesKey series, long now, [EnumeratorCancellation] CancellationToken stop)
    {
        await using var csv = CsvReader.Create(Content(_file, _isCompressed), _options);
        await csv.ReadHeaderAsync(stop);
        var reader = new CandleRowReader(csv, _file.Name, series.Timeframe, now);
        while (await csv.ReadAsync(stop)) yield return reader.Read();
    }

    private static Stream Content(FileInfo file, bool isCompressed) =>
        isCompressed ? new GZipStream(file.OpenRead(), CompressionMode.Decompress) : file.OpenRead();

    private static async Task<bool> CheckAsync(FileInfo file, CancellationToken stop)
    {
        await using var content = file.OpenRead();
        var start = new byte[4];
        var length = await content.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, stop);
        if (start is [(byte)'P', (byte)'A', (byte)'R', (byte)'1']) throw new CommandException($"{file.Name} is a Parquet file, which is not read: CSV, or CSV compressed by gzip.");
        if (start is [(byte)'P', (byte)'K', ..]) throw new CommandException($"{file.Name} is a zip archive, which is not read: CSV, or CSV compressed by gzip.");
        if (!GzipFile.IsGzip(start.AsSpan(0, length))) return false;
        content.Position = 0;
        if (!await GzipFile.IsWholeAsync(content, stop)) throw new CommandException($"{file.Name} ends too early or is damaged: it is no whole gzip file.");
        return true;
    }
}

/// <summary>Reads the current record of a CSV reader as a candle, or says why it is none.</summary>
internal sealed class CandleRowReader
{
    private static readonly string[] ValueColumns = ["open", "high", "low", "close", "volume"];

    private static readonly string[] TimeFormats =
        ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd HH:mm:ss.FFFFFFFK", "yyyy-MM-dd HH:mmK", "yyyy-MM-dd"];

    // As for candles of the exchange: clocks differ.
    private const long ToleranceMs = 60_000;

    private readonly CsvReader _csv;
    private readonly Timeframe _timeframe;
    private readonly long _now;
    private readonly int _fields;
    private readonly int _time;
    private readonly int[] _values;
    private readonly int? _closed;
    private long _previous = long.MinValue;

    /// <exception cref="CommandException">A column is missing.</exception>
    public CandleRowReader(CsvReader csv, string file, Timeframe timeframe, long now)
    {
        (_csv, _timeframe, _now, _fields) = (csv, timeframe, now, csv.Headers.Count);
        if (!csv.TryGetFieldIndex("time", out _time) && !csv.TryGetFieldIndex("mts", out _time)) throw new CommandException($"{file}: no column is named time or mts.");
        _values = Array.ConvertAll(ValueColumns, name => csv.TryGetFieldIndex(name, out var index) ? index : throw new CommandException($"{file}: no column is named {name}."));
        _closed = csv.TryGetFieldIndex("closed", out var closed) ? closed : null;
    }

    public CandleRow Read()
    {
        var refusal = ReadCandle(out var candle, out var isRunning);
        // A refused row says nothing of the order of the others.
        if (refusal is null) _previous = candle.Time;
        return new CandleRow(_csv.LineNumber, candle, refusal, isRunning);
    }

    private string? ReadCandle(out Candle candle, out bool isRunning)
    {
        (candle, isRunning) = (default, false);
        if (_csv.FieldCount != _fields) return $"it has {_csv.FieldCount} fields, the header {_fields}";
        if (!TryReadTime(_csv.GetString(_time), out var time)) return $"'{Shown(_time)}' is not a time in ms, nor one such as 2024-05-01T12:00:00Z";
        Span<decimal> values = stackalloc decimal[ValueColumns.Length];
        for (var i = 0; i < values.Length; i++)
        {
            if (!decimal.TryParse(_csv.GetString(_values[i]), NumberStyles.Float, CultureInfo.InvariantCulture, out values[i])) return $"'{Shown(_values[i])}' is not a number";
        }

        var isClosed = true;
        if (_closed is { } column && !TryReadBool(_csv.GetString(column), out isClosed)) return $"'{Shown(column)}' is neither true nor false";
        // A running candle is left out whatever it says; its time may lie a little ahead of the one we know.
        if (isClosed && RefuseTime(time) is { } reason) return reason;
        if (time <= _previous) return $"times must rise, {time} does not";
        var end = _timeframe.EndOf(time);
        isRunning = !isClosed || end > _now;
        candle = new Candle(time, values[0], values[1], values[2], values[3], values[4], Closed: true, Rev: end * 1000, CandleOrigin.File);
        if (isRunning) return null;
        if (!candle.IsConsistent) return "no real candle looks like that (low ≤ open, close ≤ high, volume ≥ 0)";
        return candle.IsPlausible(_timeframe) ? null : "no real candle looks like that";
    }

    private string? RefuseTime(long time)
    {
        if (time > _now && IsPast(time / 1000)) return $"{time} is a time in µs; it must be in ms";
        if (time > _now && IsPast(time / 1_000_000)) return $"{time} is a time in ns; it must be in ms";
        if (time > _now + ToleranceMs) return $"{time} has not come yet";
        if (time < Candle.FirstTime && IsPast(time * 1000)) return $"{time} is a time in s; it must be in ms";
        if (time < Candle.FirstTime) return $"{time} is before 2010";
        return _timeframe.HasFixedStarts && _timeframe.StartOf(time) != time ? $"{time} is no start of a {_timeframe} candle" : null;
    }

    private bool IsPast(long time) => time >= Candle.FirstTime && time <= _now;

    private string Shown(int column) => _csv.GetString(column) is { Length: > 40 } text ? text[..40] + "…" : _csv.GetString(column);

    private static bool TryReadTime(string text, out long time)
    {
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out time)) return true;
        if (!DateTimeOffset.TryParseExact(text, TimeFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date)) return false;
        time = date.ToUnixTimeMilliseconds();
        return true;
    }

    private static bool TryReadBool(string text, out bool value)
    {
        value = text is "1" || text.Equals("true", StringComparison.OrdinalIgnoreCase);
        return value || text is "0" || text.Equals("false", StringComparison.OrdinalIgnoreCase);
    }
}
