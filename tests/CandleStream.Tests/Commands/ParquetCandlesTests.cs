using CandleStream.Server.Commands;
using Parquet;
using Parquet.Schema;

namespace CandleStream.Tests.Commands;

/// <summary>Candles as Parquet: exact there and back, and what other people's files may be like.</summary>
public sealed class ParquetCandlesTests : IDisposable
{
    private const long Noon = 1_714_564_800_000;
    private const long Now = Noon + 86_400_000;

    private static readonly SeriesKey Series = SeriesKey.Parse("BTCUSD:1m");

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("candlestream-");

    private FileInfo Path => new(System.IO.Path.Combine(_folder.FullName, "x.parquet"));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Every_digit_and_what_the_export_says_come_back()
    {
        Candle[] candles =
        [
            At(0, 0.00000000000000000123m, 3.1e-7m), At(1, 123456789012.123456789012345678m, 0), At(2, 1.10m, 79_228_162_514m), At(5, 2, 1),
        ];
        var verified = TimeRangeSet.Of(new TimeRange(Noon, Noon + 180_000));
        await WriteAsync(candles, FileNotes.Write(Series, "simulator seed 1", isSimulated: true, verified, candles.Length));

        using var file = await CandleFile.OpenAsync(Path, Cancel);
        Assert.Equal((Series, true, verified, 4L, "parquet"),
            (file.Notes.Series, file.Notes.IsSimulated, file.Notes.Verified, file.Notes.Rows, file.Format));
        var rows = await file.ReadAsync(Series, Now, Cancel).ToListAsync(Cancel);
        Assert.Equal(candles, rows.Select(r => r.Candle));
        Assert.Equal([1L, 2, 3, 4], rows.Select(r => r.Line));
    }

    [Fact]
    public async Task Usual_prices_take_the_short_form()
    {
        await WriteAsync([At(0, 6351.12345678m, 1.5m)], []);
        await using var reader = await ParquetReader.CreateAsync(Path.FullName, cancellationToken: Cancel);
        var open = Assert.IsType<DecimalDataField>(reader.Schema.GetDataFields().Single(f => f.Name == "open"));
        Assert.Equal((18, 8), (open.Precision, open.Scale));
    }

    [Fact]
    public async Task A_file_that_is_cut_or_damaged_is_refused_in_one_line()
    {
        await WriteAsync([.. Enumerable.Range(0, 5000).Select(i => At(i, 100 + (i / 100m), i))], []);
        var whole = await File.ReadAllBytesAsync(Path.FullName, Cancel);
        var damaged = whole.ToArray();
        damaged.AsSpan(50, 2000).Fill(0xFF);
        foreach (var content in (byte[][])[whole[..(whole.Length / 2)], whole[..^3], damaged])
        {
            await File.WriteAllBytesAsync(Path.FullName, content, Cancel);
            var error = await Assert.ThrowsAsync<CommandException>(async () =>
            {
                using var file = await CandleFile.OpenAsync(Path, Cancel);
                await file.ReadAsync(Series, Now, Cancel).ToListAsync(Cancel);
            });
            Assert.Equal("x.parquet ends too early or is damaged: it is no whole Parquet file.", error.Message);
        }
    }

    [Theory]
    [InlineData(1000, 1)]
    [InlineData(1, 1)]
    [InlineData(1, 1000)]
    public async Task Whole_numbers_as_times_are_read_in_the_unit_of_the_column(int divide, int multiply)
    {
        await WriteForeignAsync(typeof(long), typeof(double), [Noon / divide * multiply, (Noon + 60_000) / divide * multiply], [0.1, 0.1]);
        using var file = await CandleFile.OpenAsync(Path, Cancel);
        var rows = await file.ReadAsync(Series, Now, Cancel).ToListAsync(Cancel);
        // A double is the shortest number that reads as it: 0.1, not 0.1000000000000000055.
        Assert.Equal([(Noon, 0.1m), (Noon + 60_000, 0.1m)], rows.Select(r => (r.Candle.Time, r.Candle.Close)));
    }

    [Fact]
    public async Task Nulls_and_what_is_no_decimal_are_refused_by_row()
    {
        await WriteForeignAsync(
            typeof(long), typeof(double), [Noon, null, Noon + 60_000, Noon + 120_000, Noon + 180_000], [null, 1, double.NaN, 1e300, 1]);
        using var file = await CandleFile.OpenAsync(Path, Cancel);
        var rows = await file.ReadAsync(Series, Now, Cancel).ToListAsync(Cancel);
        Assert.Equal(["its open is missing, or no decimal", "it has no time", "its open is missing, or no decimal",
            "its open is missing, or no decimal", null], rows.Select(r => r.Refusal));
    }

    [Fact]
    public async Task A_column_that_is_missing_or_of_another_kind_is_named()
    {
        await WriteForeignAsync(typeof(long), typeof(string), [Noon], ["1"]);
        Assert.Equal("x.parquet: the column open holds text, and a number is needed.",
            (await Assert.ThrowsAsync<CommandException>(() => CandleFile.OpenAsync(Path, Cancel))).Message);
        await WriteForeignAsync(typeof(string), typeof(double), ["noon"], [1]);
        Assert.Contains("the column time holds text",
            (await Assert.ThrowsAsync<CommandException>(() => CandleFile.OpenAsync(Path, Cancel))).Message, StringComparison.Ordinal);
        await WriteForeignAsync(typeof(long), typeof(double), [Noon], [1], "price");
        Assert.Equal("x.parquet: no column is named open.",
            (await Assert.ThrowsAsync<CommandException>(() => CandleFile.OpenAsync(Path, Cancel))).Message);
    }

    private static Candle At(int minute, decimal price, decimal volume) =>
        new(Noon + (minute * 60_000), price, price, price, price, volume, true, Rev.At(Noon + (minute * 60_000) + 60_000),
            CandleOrigin.File);

    private async Task WriteAsync(Candle[] candles, IEnumerable<string> notes)
    {
        await using var body = Path.Create();
        await ParquetCandles.WriteAsync(body, () => candles.ToAsyncEnumerable(), _ => Task.FromResult(notes), Cancel);
    }

    // A file of somebody else: five columns with the same numbers.
    private async Task WriteForeignAsync(Type timeType, Type valueType, object?[] times, object?[] values, string first = "open")
    {
        var fields = (DataField[])[new("time", timeType, isNullable: true),
            .. ((string[])[first, "high", "low", "close", "volume"]).Select(n => new DataField(n, valueType, isNullable: true))];
        await using var body = Path.Create();
        await using var writer = await ParquetWriter.CreateAsync(new ParquetSchema(fields), body, cancellationToken: Cancel);
        using var group = writer.CreateRowGroup();
        foreach (var (field, column) in fields.Select((f, i) => (f, i == 0 ? times : values)))
        {
            if (column[0] is string) await group.WriteAsync(field, column.Select(v => (string)v!).ToArray());
            else if (field.ClrType == typeof(long)) await group.WriteAsync<long>(field, Array.ConvertAll(column, v => v is null
                ? (long?)null
                : Convert.ToInt64(v, System.Globalization.CultureInfo.InvariantCulture)), cancellationToken: Cancel);
            else await group.WriteAsync<double>(field, Array.ConvertAll(column, v => v is null
                ? (double?)null
                : Convert.ToDouble(v, System.Globalization.CultureInfo.InvariantCulture)), cancellationToken: Cancel);
        }

        group.CompleteValidate();
    }
}
