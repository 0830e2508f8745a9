using System.IO.Compression;
using System.Text;
using CandleStream.Server.Commands;

namespace CandleStream.Tests.Commands;

/// <summary>How a file of candles is read, row by row.</summary>
public sealed class CandleFileTests : IDisposable
{
    private const string Header = "time,open,high,low,close,volume";

    // 2024-05-01 12:00 UTC.
    private const long Noon = 1_714_564_800_000;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("candlestream-");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("1714564800000000000,1,2,0.5,1,1", "1714564800000000000 is a time in ns; it must be in ms")]
    [InlineData("0,1,2,0.5,1,1", "0 is before 2010")]
    [InlineData("1262303999000,1,2,0.5,1,1", "1262303999000 is before 2010")]
    [InlineData("4102444800000,1,2,0.5,1,1", "4102444800000 has not come yet")]
    [InlineData("9223372036854775807,1,2,0.5,1,1", "9223372036854775807 has not come yet")]
    [InlineData("12:00,1,2,0.5,1,1", "'12:00' is not a time in ms")]
    [InlineData("1714564800001,1,2,0.5,1,1", "1714564800001 is no start of a 1m candle")]
    [InlineData("1714564800000,1,2,0.5,x,1", "'x' is not a number")]
    [InlineData("1714564800000,1e40,2,0.5,1,1", "'1e40' is not a number")]
    [InlineData("1714564800000,1,2,0.5,1,-1", "no real candle looks like that")]
    [InlineData("1714564800000,1,2,0.5,1", "it has 5 fields, the header 6")]
    [InlineData("1714564800000,1,2,0.5,1,1,1", "it has 7 fields, the header 6")]
    public async Task A_row_that_is_no_candle_is_refused_with_its_line_and_the_reason(string row, string reason)
    {
        var rows = await ReadAsync("BTCUSD:1m", $"# a comment\n{Header}\n{row}\n", Noon + 3_600_000);
        var (line, _, refusal, _) = Assert.Single(rows);
        Assert.Equal(3, line);
        Assert.StartsWith(reason, refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("000")]
    [InlineData("000000")]
    public async Task The_unit_of_times_is_that_of_the_column_as_a_whole(string zeros)
    {
        var rows =
            await ReadAsync("BTCUSD:1W", $"{Header}\n1734912000{zeros},1,2,0.5,1,1\n1735516800{zeros},1,2,0.5,1,1\n", 1_763_000_000_000);
        Assert.Equal([(1_734_912_000_000, null), (1_735_516_800_000, (string?)null)], rows.Select(r => (r.Candle.Time, r.Refusal)));
    }

    [Fact]
    public async Task A_row_in_another_unit_than_the_others_is_refused()
    {
        var rows = await ReadAsync("BTCUSD:1m",
            $"{Header}\n{Noon / 1000},1,2,0.5,1,1\n{Noon + 60_000},1,2,0.5,1,1\n{(Noon / 1000) + 120},1,2,0.5,1,1\n", Noon + 3_600_000);
        Assert.Equal([null, $"{Noon + 60_000} is a time in ms; it must be in s, as the others", null], rows.Select(r => r.Refusal));
        Assert.Equal([Noon, Noon + 120_000], rows.Where(r => r.Refusal is null).Select(r => r.Candle.Time));
    }

    [Fact]
    public async Task A_candle_that_had_not_ended_is_left_out_by_its_own_mark_or_by_the_time()
    {
        var now = Noon + (3 * 60_000) + 1;
        var marked = await ReadAsync("BTCUSD:1m",
            $"{Header},closed\n{Noon},1,2,0.5,1,1,true\n{Noon + 60_000},1,2,0.5,1,1,false\n{Noon + 120_000},1,2,0.5,1,1,True\n", now);
        Assert.Equal([false, true, false], marked.Select(r => r.IsRunning));
        var timed = await ReadAsync("BTCUSD:1m", $"{Header}\n{Noon + 120_000},1,2,0.5,1,1\n{Noon + 180_000},1,2,0.5,1,1\n", now);
        Assert.Equal([false, true], timed.Select(r => r.IsRunning));
        // A week that began on a Wednesday runs until its own end.
        var week = await ReadAsync("BTCUSD:1W", $"{Header}\n{Noon - 43_200_000},1,2,0.5,1,1\n", Noon + (6 * 86_400_000L));
        Assert.True(Assert.Single(week).IsRunning);
    }

    [Fact]
    public async Task The_CSV_that_the_page_saves_is_read()
    {
        var rows = await ReadAsync(
            "BTCUSD:1m",
            "# BTCUSD 1m, api-pub.bitfinex.com, 2024-05-01\ntime,open,high,low,close,volume,closed,SMA 20\n2024-05-01T12:00:00.000Z,1,2,0.5,1.5,3,true,1.25\n2024-05-01T12:01:00.000Z,1,2,0.5,1.5,3,false,\n",
            Noon + 90_000);
        Assert.Equal([(Noon, false), (Noon + 60_000, true)], rows.Select(r => (r.Candle.Time, r.IsRunning)));
        Assert.All(rows, r => Assert.Null(r.Refusal));
        Assert.Equal(new Candle(Noon, 1, 2, 0.5m, 1.5m, 3, true, Rev.At(Noon + 60_000)), rows[0].Candle);
        Assert.Equal(CandleOrigin.File, rows[0].Candle.Origin);
    }

    [Theory]
    [InlineData("2024-05-01T12:00Z")]
    [InlineData("2024-05-01 12:00:00")]
    [InlineData("2024-05-01T14:00:00+02:00")]
    public async Task Times_in_ISO_8601_are_read_as_UTC_unless_they_name_a_zone(string time) =>
        Assert.Equal(Noon, Assert.Single(await ReadAsync("BTCUSD:1m", $"{Header}\n{time},1,2,0.5,1,1\n", Noon + 90_000)).Candle.Time);

    [Fact]
    public async Task The_format_is_found_by_the_content_and_not_by_the_name()
    {
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true)) gzip.Write(
            Encoding.UTF8.GetBytes($"mts;open;close;high;low;volume\n{Noon};1;1.5;2;0.5;3\n"));
        Assert.Equal(1.5m, Assert.Single(await ReadAsync("BTCUSD:1m", packed.ToArray(), "candles.txt", Noon + 90_000)).Candle.Close);
        Assert.Single(await ReadAsync("BTCUSD:1m", Encoding.UTF8.GetBytes($"{Header}\n{Noon},1,2,0.5,1,1\n"), "candles.gz", Noon + 90_000));
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("# only comments\n", "is empty")]
    [InlineData("PAR1....", "no whole Parquet file")]
    [InlineData("PK\u0003\u0004....", "no whole zip archive")]
    [InlineData("1714564800000,1,2,0.5,1,1\n", "neither Binance's (12) nor Kraken's (7)")]
    [InlineData("time,open,high,low,close\n1714564800000,1,2,0.5,1", "no column is named volume")]
    [InlineData("open,high,low,close,volume\n1,2,0.5,1,1", "no column is named time or mts")]
    [InlineData("time,open,high,low,close,volume\n# verified 5\n# end of 0 candles\n", "cannot be read")]
    [InlineData("time,open,high,low,close,volume\n# verified 9 5\n# end of 0 candles\n", "cannot be read")]
    [InlineData("time,open,high,low,close,volume\n# CandleStream export of BTCUSD:1m, source x\n# verified 5 9\n", "ends too early")]
    public async Task A_file_that_is_no_file_of_candles_is_refused_in_one_line(string content, string reason)
    {
        var error = await Assert.ThrowsAsync<CommandException>(() => ReadAsync("BTCUSD:1m", content, Noon));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void What_an_export_says_of_itself_is_read_again()
    {
        var verified = TimeRangeSet.Of(new TimeRange(60_000, 120_000), new TimeRange(180_000, 600_000));
        var notes =
            FileNotes.Read(FileNotes.Write(SeriesKey.Parse("BTCF0:USTF0:1m"), "simulator seed 1", isSimulated: true, verified, 5), "f");
        Assert.Equal(
            (SeriesKey.Parse("BTCF0:USTF0:1m"), true, verified, 5L), (notes.Series, notes.IsSimulated, notes.Verified, notes.Rows));
        var unknown = FileNotes.Read(
            FileNotes.Write(SeriesKey.Parse("BTCUSD:1m"), "api-pub.bitfinex.com", isSimulated: false, TimeRangeSet.Empty, 5), "f");
        Assert.Equal((false, TimeRangeSet.Empty), (unknown.IsSimulated, unknown.Verified));
        Assert.Null(FileNotes.Read(["# something else"], "f").Verified);
    }

    private Task<List<CandleRow>> ReadAsync(string series, string content, long now) =>
        ReadAsync(series, Encoding.UTF8.GetBytes(content), "candles.csv", now);

    private async Task<List<CandleRow>> ReadAsync(string series, byte[] content, string name, long now)
    {
        var path = Path.Combine(_folder.FullName, name);
        await File.WriteAllBytesAsync(path, content, Cancel);
        using var file = await CandleFile.OpenAsync(new FileInfo(path), Cancel);
        return await file.ReadAsync(SeriesKey.Parse(series), now, Cancel).ToListAsync(Cancel);
    }
}
