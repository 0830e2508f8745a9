using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using Parquet;
using Parquet.Data;
using Parquet.Schema;

namespace CandleStream.Server.Commands;

/// <summary>
/// Writes candles as Parquet: <c>time</c> as a timestamp in ms, prices and volume as decimals that hold every digit, <c>closed</c>,
/// <c>rev</c>. What an export says of itself stands in the file's metadata, under <see cref="NotesKey"/>.
/// </summary>
internal static class ParquetCandles
{
    /// <summary>The key of the lines that a CSV export ends with.</summary>
    public const string NotesKey = "candlestream";

    private const int RowsPerGroup = 100_000;

    // What the format holds in a 64-bit integer, and what C#'s decimals need at most.
    private const int Short = 18, Long = 38;

    /// <param name="body">Where to.</param>
    /// <param name="read">The candles; read twice, first to find the digits they need.</param>
    /// <param name="notes">Asked for when the rows are written, with their number.</param>
    /// <param name="stop">Ends the writing.</param>
    /// <exception cref="CommandException">A candle needs more digits than those that were there at first.</exception>
    public static async Task<long> WriteAsync(
        Stream body, Func<IAsyncEnumerable<Candle>> read, Func<long, Task<IEnumerable<string>>> notes, CancellationToken stop)
    {
        var (prices, volumes) = await DigitsAsync(read(), stop);
        DataField time = new DateTimeDataField("time", DateTimeFormat.Timestamp, isAdjustedToUTC: true, unit: DateTimeTimeUnit.Millis);
        DataField[] numbers = [.. ((string[])["open", "high", "low", "close"]).Select(n => Field(n, prices)), Field("volume", volumes)];
        DataField closed = new("closed", typeof(bool), isNullable: false), rev = new("rev", typeof(long), isNullable: false);
        await using var writer = await ParquetWriter.CreateAsync(
            new ParquetSchema([time, .. numbers, closed, rev]), body, new ParquetOptions { CompressionMethod = CompressionMethod.Snappy },
            cancellationToken: stop);
        var rows = 0L;
        await foreach (var group in read().Chunk(RowsPerGroup).WithCancellation(stop))
        {
            using var columns = writer.CreateRowGroup();
            await columns.WriteAsync<DateTime>(
                time, Array.ConvertAll(group, c => DateTime.UnixEpoch.AddMilliseconds(c.Time)), cancellationToken: stop);
            foreach (var (field, value) in numbers.Zip(
                (Func<Candle, decimal>[])[c => c.Open, c => c.High, c => c.Low, c => c.Close, c => c.Volume]))
                await columns.WriteAsync<decimal>(
                    field, Array.ConvertAll(group, c => Fitting(value(c), (DecimalDataField)field)), cancellationToken: stop);
            await columns.WriteAsync<bool>(closed, Array.ConvertAll(group, c => c.Closed), cancellationToken: stop);
            await columns.WriteAsync<long>(rev, Array.ConvertAll(group, c => c.Rev.Value), cancellationToken: stop);
            columns.CompleteValidate();
            rows += group.Length;
        }

        writer.CustomMetadata = new Dictionary<string, string> { [NotesKey] = string.Join('\n', await notes(rows)) };
        return rows;
    }

    private static DecimalDataField Field(string name, Digits digits) =>
        new(name, digits.Whole + digits.Fraction <= Short ? Short : Long, digits.Fraction, isNullable: false);

    private static async Task<(Digits Prices, Digits Volumes)> DigitsAsync(IAsyncEnumerable<Candle> candles, CancellationToken stop)
    {
        Digits prices = new(), volumes = new();
        await foreach (var c in candles.WithCancellation(stop))
        {
            prices.Add(c.Open);
            prices.Add(c.High);
            prices.Add(c.Low);
            prices.Add(c.Close);
            volumes.Add(c.Volume);
        }

        return (prices, volumes);
    }

    private static decimal Fitting(decimal value, DecimalDataField field)
    {
        var digits = new Digits();
        digits.Add(value);
        if (digits.Fraction > field.Scale || digits.Whole + field.Scale > field.Precision)
            throw new CommandException(
                $"{value.ToString(CultureInfo.InvariantCulture)} came while the file was written and needs more digits than all before: export again.");
        return value;
    }

    /// <summary>The digits that some numbers need before and after the point.</summary>
    private sealed class Digits
    {
        private decimal _largest;

        public int Fraction { get; private set; }

        public int Whole => decimal.Truncate(_largest).ToString(CultureInfo.InvariantCulture).Length;

        public void Add(decimal value)
        {
            _largest = Math.Max(_largest, Math.Abs(value));
            // Zeros at the end are no digits: 1.10 is 1.1.
            if (value.Scale > Fraction) Fraction = Math.Max(Fraction, (value / 1.000000000000000000000000000000000m).Scale);
        }
    }
}

/// <summary>
/// A Parquet file of candles: ours, or any whose columns are named time, open, high, low, close, volume and perhaps closed.
/// </summary>
internal sealed class ParquetCandleFile : CandleFile
{
    private static readonly string[] TimeNames = ["time", "mts", "open_time", "timestamp", "date"];
    private static readonly string[] ValueNames = ["open", "high", "low", "close", "volume"];
    private static readonly Type[] Numbers =
        [typeof(decimal), typeof(BigDecimal), typeof(double), typeof(float), typeof(long), typeof(int), typeof(BigInteger)];

    private readonly FileInfo _file;
    private readonly DataField _time;
    private readonly DataField[] _values;
    private readonly DataField? _closed;
    private TimeColumn? _times;

    private ParquetCandleFile(FileInfo file, DataField time, DataField[] values, DataField? closed, FileNotes notes) : base(file) =>
        (_file, _time, _values, _closed, Notes) = (file, time, values, closed, notes);

    public override FileNotes Notes { get; }

    public override string Format => "parquet";

    public static async Task<ParquetCandleFile> OpenAsync(FileInfo file, CancellationToken stop)
    {
        await using var reader = await OpenReaderAsync(file, stop);
        var fields = reader.Schema.GetDataFields();
        var time = TimeNames.Select(Find).FirstOrDefault(f => f is not null)
            ?? throw new CommandException($"{file.Name}: no column is named time or mts.");
        Expect(time, [typeof(DateTime), typeof(long), typeof(int)], "a timestamp or a whole number");
        var values =
            Array.ConvertAll(ValueNames, name => Find(name) ?? throw new CommandException($"{file.Name}: no column is named {name}."));
        foreach (var value in values) Expect(value, Numbers, "a number");
        var closed = Find("closed");
        if (closed is not null) Expect(closed, [typeof(bool)], "true or false");
        var lines = reader.CustomMetadata.TryGetValue(ParquetCandles.NotesKey, out var notes) ? notes.Split('\n') : [];
        return new ParquetCandleFile(file, time, values, closed, FileNotes.Read(lines, file.Name));

        DataField? Find(string name) => fields.FirstOrDefault(f => f.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

        void Expect(DataField field, Type[] types, string wanted)
        {
            if (field.IsArray || !types.Contains(field.ClrType))
                throw new CommandException($"{file.Name}: the column {field.Name} holds {NameOf(field)}, and {wanted} is needed.");
        }
    }

    private static string NameOf(DataField field) => field.IsArray
        ? "lists"
        : field.ClrType == typeof(ReadOnlyMemory<char>) || field.ClrType == typeof(string) ? "text" : field.ClrType.Name;

    public override void CheckIsOf(SeriesKey series)
    {
        // Its columns do not tell; what an export says of itself is in its notes.
    }

    public override async IAsyncEnumerable<CandleRow> ReadAsync(SeriesKey series, long now, [EnumeratorCancellation] CancellationToken stop)
    {
        _times ??= await LookAtTimesAsync(now, stop);
        var check = new CandleRowCheck(series.Timeframe, now, _times.Unit, isFalling: false);
        await using var reader = await OpenReaderAsync(_file, stop);
        var line = 0L;
        for (var i = 0; i < reader.RowGroupCount; i++)
        {
            var group = await Guarded(() => ReadGroupAsync(reader, i, stop));
            for (var row = 0; row < group.Times.Length; row++) yield return Judge(check, ++line, group, row);
        }
    }

    private static CandleRow Judge(CandleRowCheck check, long line, Group group, int row)
    {
        if (group.Times[row] is not { } time) return new CandleRow(line, default, "it has no time", false);
        Span<decimal> values = stackalloc decimal[ValueNames.Length];
        for (var i = 0; i < values.Length; i++)
        {
            if (group.Values[i][row] is not { } value)
                return new CandleRow(line, default, $"its {ValueNames[i]} is missing, or no decimal", false);
            values[i] = value;
        }

        return check.Judge(line, time, values, group.Closed?[row] ?? true, isEmpty: false);
    }

    private async Task<TimeColumn> LookAtTimesAsync(long now, CancellationToken stop)
    {
        var times = new TimeColumn(now);
        await using var reader = await OpenReaderAsync(_file, stop);
        for (var i = 0; i < reader.RowGroupCount; i++)
        {
            using var group = reader.OpenRowGroupReader(i);
            foreach (var time in await Guarded(() => ReadTimesAsync(group, stop)))
            {
                if (time is { } known) times.Add(known);
            }
        }

        return times;
    }

    private async Task<Group> ReadGroupAsync(ParquetReader reader, int index, CancellationToken stop)
    {
        using var group = reader.OpenRowGroupReader(index);
        var times = await ReadTimesAsync(group, stop);
        var values = new decimal?[_values.Length][];
        for (var i = 0; i < values.Length; i++) values[i] = await ReadNumbersAsync(group, _values[i], stop);
        return new Group(times, values, _closed is null ? null : await ReadAsync<bool>(group, _closed, stop));
    }

    private async Task<long?[]> ReadTimesAsync(ParquetRowGroupReader group, CancellationToken stop)
    {
        if (_time.ClrType == typeof(DateTime))
            return Array.ConvertAll(await ReadAsync<DateTime>(group, _time, stop),
                t => t is { } at ? (at.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMillisecond : (long?)null);
        if (_time.ClrType == typeof(int)) return Array.ConvertAll(await ReadAsync<int>(group, _time, stop), t => (long?)t);
        return await ReadAsync<long>(group, _time, stop);
    }

    private static async Task<decimal?[]> ReadNumbersAsync(ParquetRowGroupReader group, DataField field, CancellationToken stop)
    {
        if (field.ClrType == typeof(decimal)) return await ReadAsync<decimal>(group, field, stop);
        // The shortest text that is this double: 0.1 is 0.1, as its writer meant.
        if (field.ClrType == typeof(double)) return Array.ConvertAll(
            await ReadAsync<double>(group, field, stop), v => Parse(v?.ToString("R", CultureInfo.InvariantCulture)));
        if (field.ClrType == typeof(float))
            return Array.ConvertAll(await ReadAsync<float>(group, field, stop), v => Parse(v?.ToString("R", CultureInfo.InvariantCulture)));
        if (field.ClrType == typeof(long)) return Array.ConvertAll(await ReadAsync<long>(group, field, stop), v => (decimal?)v);
        if (field.ClrType == typeof(int)) return Array.ConvertAll(await ReadAsync<int>(group, field, stop), v => (decimal?)v);
        if (field.ClrType == typeof(BigInteger))
            return Array.ConvertAll(await ReadAsync<BigInteger>(group, field, stop), v => Parse(v?.ToString(CultureInfo.InvariantCulture)));
        return Array.ConvertAll(await ReadAsync<BigDecimal>(group, field, stop), v => Parse(v?.ToString()));
    }

    private static async Task<T?[]> ReadAsync<T>(ParquetRowGroupReader group, DataField field, CancellationToken stop)
        where T : struct
    {
        var values = new T?[group.RowCount];
        if (field.IsNullable)
        {
            await group.ReadAsync(field, values.AsMemory(), cancellationToken: stop);
            return values;
        }

        var whole = new T[group.RowCount];
        await group.ReadAsync<T>(field, whole.AsMemory(), cancellationToken: stop);
        return Array.ConvertAll(whole, v => (T?)v);
    }

    private static decimal? Parse(string? text) =>
        decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static async Task<ParquetReader> OpenReaderAsync(FileInfo file, CancellationToken stop)
    {
        var content = file.OpenRead();
        try
        {
            return await ParquetReader.CreateAsync(content, leaveStreamOpen: false, cancellationToken: stop);
        }
        catch (Exception damage) when (IsDamage(damage))
        {
            await content.DisposeAsync();
            throw Damaged(file);
        }
    }

    private async Task<T> Guarded<T>(Func<Task<T>> read)
    {
        try
        {
            return await read();
        }
        catch (Exception damage) when (IsDamage(damage))
        {
            throw Damaged(_file);
        }
    }

    // The reader trusts a file's lengths and codes, so damage shows as whatever they lead to.
    private static bool IsDamage(Exception e) => e is not (OperationCanceledException or CommandException or OutOfMemoryException);

    private static CommandException Damaged(FileInfo file) =>
        new($"{file.Name} ends too early or is damaged: it is no whole Parquet file.");

    private sealed record Group(long?[] Times, decimal?[][] Values, bool?[]? Closed);
}
