using System.Globalization;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using CsvHelper;

namespace CandleStream.Server.Commands;

/// <summary>A CSV file of candles: ours, the page's, an exchange's public archive; plain, or compressed by gzip or zip.</summary>
internal sealed class CsvCandleFile : CandleFile
{
    private readonly FileInfo _file;
    private readonly bool _isCompressed;
    private readonly bool _isTemporary;
    private readonly CsvLayout _layout;
    private readonly CsvReaderOptions _options;
    private readonly ArchiveName _archive;
    private TimeColumn? _times;

    private CsvCandleFile(FileInfo shown, FileInfo file, bool isCompressed, bool isTemporary, CsvLayout layout, FileNotes notes) : base(
        shown)
    {
        (_file, _isCompressed, _isTemporary, _layout, Notes) = (file, isCompressed, isTemporary, layout, notes);
        _archive = ArchiveName.Read(layout.Format, file.Name);
        _options = new CsvReaderOptions
        {
            Separator = layout.Separator,
            HasHeader = false, // it is looked at before
            CommentPrefix = '#',
            TrackLineNumbers = true,
            AllowLineBreaksInQuotes = false,
            MaxRecordSize = 64 * 1024,
        };
    }

    public override FileNotes Notes { get; }

    public override string Format => _layout.Format;

    public static async Task<CsvCandleFile> OpenAsync(FileInfo file, bool isCompressed, CancellationToken stop)
    {
        if (isCompressed) await CheckGzipAsync(file, stop);
        return await OpenAsync(file, file, isCompressed, isTemporary: false, stop);
    }

    /// <summary>
    /// Unpacks the one file of a zip archive beside the others of this machine that are thrown away, and checks it meanwhile.
    /// </summary>
    public static async Task<CsvCandleFile> OpenZipAsync(FileInfo file, CancellationToken stop)
    {
        var folder = Directory.CreateTempSubdirectory("candlestream-import-");
        try
        {
            var content = await UnpackAsync(file, folder, stop);
            return await OpenAsync(file, content, isCompressed: false, isTemporary: true, stop);
        }
        catch
        {
            folder.Delete(recursive: true);
            throw;
        }
    }

    public override void CheckIsOf(SeriesKey series) => _archive.Check(series, Name);

    public override async IAsyncEnumerable<CandleRow> ReadAsync(SeriesKey series, long now, [EnumeratorCancellation] CancellationToken stop)
    {
        _times ??= await LookAtTimesAsync(now, stop);
        // Only these files are known to begin with the newest candle; any other that falls is out of order.
        var isFalling = _layout.Format == "cryptodatadownload" && _times.IsFalling;
        await using var csv = await OpenReaderAsync(stop);
        var reader = new CsvRowReader(csv, _layout, new CandleRowCheck(series.Timeframe, now, _times.Unit, isFalling));
        if (isFalling)
        {
            // Such files are small enough to be turned round in memory.
            var rows = new List<CandleRow>();
            while (await csv.ReadAsync(stop)) rows.Add(reader.Read());
            rows.Reverse();
            foreach (var row in rows) yield return row;
            yield break;
        }

        while (await csv.ReadAsync(stop)) yield return reader.Read();
    }

    public override void Dispose()
    {
        base.Dispose();
        if (_isTemporary) _file.Directory!.Delete(recursive: true);
    }

    private static async Task<CsvCandleFile> OpenAsync(
        FileInfo shown, FileInfo file, bool isCompressed, bool isTemporary, CancellationToken stop)
    {
        var notes = new List<string>();
        var first = new List<string>();
        await using var content = Content(file, isCompressed);
        using var text = new StreamReader(content);
        var isSimulated = false;
        while (await text.ReadLineAsync(stop) is { } line)
        {
            isSimulated |= line.Contains(FileNotes.Simulated, StringComparison.Ordinal);
            if (line.StartsWith('#')) notes.Add(line);
            else if (line.Length > 0 && first.Count < 2) first.Add(line);
        }

        var layout = CsvLayout.Find(first, shown.Name);
        return new CsvCandleFile(shown, file, isCompressed, isTemporary, layout, FileNotes.Read(notes, shown.Name, isSimulated));
    }

    private static Stream Content(FileInfo file, bool isCompressed) =>
        isCompressed ? new GZipStream(file.OpenRead(), CompressionMode.Decompress) : file.OpenRead();

    private static async Task CheckGzipAsync(FileInfo file, CancellationToken stop)
    {
        await using var content = file.OpenRead();
        if (!await GzipFile.IsWholeAsync(content, stop))
            throw new CommandException($"{file.Name} ends too early or is damaged: it is no whole gzip file.");
    }

    private static async Task<FileInfo> UnpackAsync(FileInfo file, DirectoryInfo folder, CancellationToken stop)
    {
        try
        {
            await using var archive = await ZipFile.OpenReadAsync(file.FullName, stop);
            var tables = archive.Entries.Where(e => e.Length > 0 && Path.GetExtension(e.Name) is ".csv" or ".txt").ToList();
            if (tables is not [var table])
                throw new CommandException($"{file.Name} holds {tables.Count} CSV files, and one is read at a time: unpack it.");
            var content = new FileInfo(Path.Combine(folder.FullName, table.Name));
            var crc = new Crc32();
            await using (var packed = await table.OpenAsync(stop))
            await using (var unpacked = content.Create())
            {
                var buffer = new byte[64 * 1024];
                while (await packed.ReadAsync(buffer, stop) is > 0 and var length)
                {
                    crc.Add(buffer.AsSpan(0, length));
                    await unpacked.WriteAsync(buffer.AsMemory(0, length), stop);
                }
            }

            content.Refresh();
            if (content.Length != table.Length || crc.Value != table.Crc32) throw new InvalidDataException();
            return content;
        }
        catch (InvalidDataException)
        {
            throw new CommandException($"{file.Name} ends too early or is damaged: it is no whole zip archive.");
        }
    }

    private async Task<TimeColumn> LookAtTimesAsync(long now, CancellationToken stop)
    {
        var times = new TimeColumn(now);
        await using var csv = await OpenReaderAsync(stop);
        while (await csv.ReadAsync(stop))
        {
            if (csv.FieldCount > _layout.Time && CsvRowReader.TryReadTime(csv.GetString(_layout.Time), out var time)) times.Add(time);
        }

        return times;
    }

    private async Task<CsvReader> OpenReaderAsync(CancellationToken stop)
    {
        var csv = CsvReader.Create(Content(_file, _isCompressed), _options);
        // What stands before the table is one field to the reader, and passed over like the header.
        for (var line = 0; line < _layout.Preface; line++) await csv.ReadAsync(stop);
        if (_layout.HasHeader) await csv.ReadAsync(stop);
        return csv;
    }
}

/// <summary>Reads the current record of a CSV reader as a candle, or says why it is none.</summary>
internal sealed class CsvRowReader(CsvReader csv, CsvLayout layout, CandleRowCheck check)
{
    private static readonly string[] TimeFormats =
        ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd HH:mm:ss.FFFFFFFK", "yyyy-MM-dd HH:mmK", "yyyy-MM-dd"];

    public CandleRow Read()
    {
        var line = csv.LineNumber;
        if (csv.FieldCount != layout.Fields)
            return Refused($"it has {csv.FieldCount} fields, {(layout.HasHeader ? "the header" : "the first row")} {layout.Fields}");
        if (!TryReadTime(csv.GetString(layout.Time), out var time))
            return Refused($"'{Shown(layout.Time)}' is not a time in ms, nor one such as 2024-05-01T12:00:00Z");
        Span<decimal> values = stackalloc decimal[layout.Values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            if (!TryReadNumber(layout.Values[i], out values[i])) return Refused($"'{Shown(layout.Values[i])}' is not a number");
        }

        var isClosed = true;
        if (layout.Closed is { } closed && !TryReadBool(csv.GetString(closed), out isClosed))
            return Refused($"'{Shown(closed)}' is neither true nor false");
        var isEmpty = false;
        if (layout.Trades is { } column && csv.GetString(column).Length > 0)
        {
            if (!TryReadNumber(column, out var trades)) return Refused($"'{Shown(column)}' is not a number of trades");
            isEmpty = trades == 0 && values[4] == 0;
        }

        return check.Judge(line, time, values, isClosed, isEmpty);

        CandleRow Refused(string reason) => new(line, default, reason, false);
    }

    /// <summary>A number in the column's unit, or a date, which is the same instant in any.</summary>
    public static bool TryReadTime(string text, out long time)
    {
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out time)) return true;
        // Some archives write whole numbers with a decimal point.
        if (text.EndsWith(".0", StringComparison.Ordinal)
            && long.TryParse(text.AsSpan(0, text.Length - 2), NumberStyles.None, CultureInfo.InvariantCulture, out time)) return true;
        if (!DateTimeOffset.TryParseExact(text, TimeFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date))
            return false;
        time = date.ToUnixTimeMilliseconds();
        return true;
    }

    private bool TryReadNumber(int column, out decimal number) =>
        decimal.TryParse(csv.GetString(column), NumberStyles.Float, CultureInfo.InvariantCulture, out number);

    private string Shown(int column) => csv.GetString(column) is { Length: > 40 } text ? text[..40] + "…" : csv.GetString(column);

    private static bool TryReadBool(string text, out bool value)
    {
        value = text is "1" || text.Equals("true", StringComparison.OrdinalIgnoreCase);
        return value || text is "0" || text.Equals("false", StringComparison.OrdinalIgnoreCase);
    }
}

/// <summary>The checksum of zip archives, which the framework does not compare.</summary>
internal sealed class Crc32
{
    private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(Entry)];

    private uint _register = uint.MaxValue;

    public uint Value => ~_register;

    public void Add(ReadOnlySpan<byte> bytes)
    {
        foreach (var b in bytes) _register = Table[(byte)(_register ^ b)] ^ (_register >> 8);
    }

    private static uint Entry(int index)
    {
        var entry = (uint)index;
        for (var bit = 0; bit < 8; bit++) entry = (entry & 1) == 0 ? entry >> 1 : (entry >> 1) ^ 0xEDB88320;
        return entry;
    }
}
