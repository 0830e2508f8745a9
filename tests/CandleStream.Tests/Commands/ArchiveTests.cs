using System.IO.Compression;
using System.Text;
using CandleStream.Server.Commands;

namespace CandleStream.Tests.Commands;

/// <summary>Other people's files: what each holds, whose it is, and what is wrong with it.</summary>
public sealed class ArchiveTests : IDisposable
{
    // 2025-01-01 00:00 UTC: the day from which on Binance counts in µs.
    private const long Day = 1_735_689_600_000;
    private const long Now = Day + 86_400_000;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("candlestream-");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    private static string Binance(long time, int trades = 5) =>
        $"{time},93576.00000000,93610.93000000,93537.50000000,93610.93000000,{(trades == 0 ? "0.00000000" : "8.21827000")},{time + 59_999},768978.32,{trades},3.94,369757.32,0";

    [Theory]
    [InlineData("000", false)]
    [InlineData("000000", false)]
    [InlineData("000000", true)]
    public async Task Binances_archive_is_read_in_ms_and_in_µs_with_and_without_a_header(string zeros, bool hasHeader)
    {
        var header = hasHeader
            ? "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n"
            : "";
        var rows = await ReadAsync(
            "BINANCE:BTCUSDT:1m", Zip("BTCUSDT-1m-2025-01.csv", header + Row(0, 5) + Row(60, 0) + Row(120, 7)), "BTCUSDT-1m-2025-01.zip");
        Assert.Equal([Day, Day + 60_000, Day + 120_000], rows.Select(r => r.Candle.Time));
        Assert.All(rows, r => Assert.Null(r.Refusal));
        // A flat row without a trade is no candle; it proves that there is none.
        Assert.Equal([false, true, false], rows.Select(r => r.IsEmpty));
        Assert.Equal(new Candle(Day, 93576m, 93610.93m, 93537.5m, 93610.93m, 8.21827m, true, Rev.At(Day + 60_000)), rows[0].Candle);

        string Row(int seconds, int trades) =>
            Binance(long.Parse($"{(Day / 1000) + seconds}{zeros}", System.Globalization.CultureInfo.InvariantCulture), trades) + "\n";
    }

    [Fact]
    public async Task Krakens_archive_is_read_in_s()
    {
        var rows = await ReadAsync("KRAKEN:BTC/USD:1m",
            $"{Day / 1000},93576.1,93610.9,93537.5,93610.9,0.00412,3\n{(Day / 1000) + 300},1,2,0.5,1,1,1\n", "XBTUSD_1.csv");
        Assert.Equal([(Day, 0.00412m), (Day + 300_000, 1m)], rows.Select(r => (r.Candle.Time, r.Candle.Volume)));
    }

    [Fact]
    public async Task CryptoDataDownloads_file_begins_with_an_address_and_the_newest_candle()
    {
        var rows = await ReadAsync(
            "BTCUSD:1h",
            $"https://www.CryptoDataDownload.com\nunix,date,symbol,open,high,low,close,Volume BTC,Volume USD\n{(Day / 1000) + 3600},2025-01-01 01:00:00,BTC/USD,2,3,1,2.5,7,14\n{Day / 1000},2025-01-01 00:00:00,BTC/USD,1,2,0.5,1,1.25,2\n",
            "Bitfinex_BTCUSD_1h.csv");
        Assert.Equal([(Day, 1.25m, 4L), (Day + 3_600_000, 7m, 3L)], rows.Select(r => (r.Candle.Time, r.Candle.Volume, r.Line)));
    }

    [Fact]
    public async Task A_column_that_mixes_units_or_turns_is_refused_by_row()
    {
        var mixed = await ReadAsync("BINANCE:BTCUSDT:1m", $"{Binance(Day)}\n{Binance(Day + 60_000)}\n{Binance((Day + 120_000) * 1000)}\n",
            "BTCUSDT-1m-2025-01.csv");
        Assert.Equal(
            [null, null, $"{(Day + 120_000) * 1000} is a time in µs; it must be in ms, as the others"], mixed.Select(r => r.Refusal));
        var turning = await ReadAsync("KRAKEN:BTC/USD:1m",
            $"{Day / 1000},1,2,0.5,1,1,1\n{(Day / 1000) - 60},1,2,0.5,1,1,1\n{(Day / 1000) + 60},1,2,0.5,1,1,1\n", "XBTUSD_1.csv");
        Assert.Equal([null, "times must rise, 1735689540000 does not", null], turning.Select(r => r.Refusal));
    }

    [Theory]
    [InlineData("BTCUSDT-1m-2025-01.csv", "BTCUSDT:1m",
        "BTCUSDT-1m-2025-01.csv is an archive of BINANCE, and BTCUSDT:1m is a series of BITFINEX: import it as BINANCE:BTCUSDT:1m.")]
    [InlineData("BTCUSDT-1m-2025-01.csv", "KRAKEN:BTC/USDT:1m", "import it as BINANCE:BTCUSDT:1m.")]
    [InlineData("BTCUSDT-1m-2025-01.csv", "BINANCE:ETHUSDT:1m", "BTCUSDT-1m-2025-01.csv holds candles of BTCUSDT, not of ETHUSDT.")]
    [InlineData("BTCUSDT-1h-2025-01.csv", "BINANCE:BTCUSDT:1m", "BTCUSDT-1h-2025-01.csv holds candles of 1h, not of 1m.")]
    [InlineData("BTCUSDT-1mo-2025-01.csv", "BINANCE:BTCUSDT:1m", "holds candles of 1M, not of 1m.")]
    [InlineData("renamed.csv", "BTCUSD:1m", "is an archive of BINANCE")]
    public async Task An_archive_goes_into_its_own_series_only(string name, string series, string said)
    {
        using var file = await OpenAsync(Encoding.UTF8.GetBytes(Binance(Day) + "\n"), name);
        Assert.Contains(
            said, Assert.Throws<CommandException>(() => file.CheckIsOf(SeriesKey.Parse(series))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Gemini_BTCUSD_1h.csv", "BTCUSD:1h", "is an archive of GEMINI")]
    [InlineData("Kraken_BTCUSD_1h.csv", "BTCUSD:1h", "import it as KRAKEN:BASE/QUOTE:1h.")]
    [InlineData("Kraken_BTCUSD_1h.csv", "KRAKEN:BTCUSD:1h", "written with a slash, as in KRAKEN:BTC/USD:1h.")]
    [InlineData("Kraken_BTCUSD_1h.csv", "KRAKEN:ETH/USD:1h", "holds candles of BTCUSD, not of ETH/USD.")]
    [InlineData("Binance_BTCUSDT_1h.csv", "BTCUSD:1h", "import it as BINANCE:BTCUSDT:1h.")]
    [InlineData("Bitfinex_ETHUSD_1h.csv", "BTCUSD:1h", "holds candles of ETHUSD, not of BTCUSD.")]
    [InlineData("Bitfinex_BTCUSD_d.csv", "BTCUSD:1h", "holds candles of 1D, not of 1h.")]
    public async Task A_file_of_CryptoDataDownload_names_whose_it_is(string name, string series, string said)
    {
        using var file = await OpenAsync(Encoding.UTF8.GetBytes(
            "https://www.CryptoDataDownload.com\nunix,date,symbol,open,high,low,close,Volume BTC,Volume USD\n"), name);
        Assert.Contains(
            said, Assert.Throws<CommandException>(() => file.CheckIsOf(SeriesKey.Parse(series))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_format_that_is_named_refuses_any_other()
    {
        var error =
            await Assert.ThrowsAsync<CommandException>(() => OpenAsync(Encoding.UTF8.GetBytes(Binance(Day) + "\n"), "x.csv", "kraken"));
        Assert.Equal("x.csv is no file of the format kraken: it looks like binance.", error.Message);
    }

    [Fact]
    public async Task A_zip_archive_that_is_cut_damaged_or_holds_several_files_is_refused()
    {
        var whole = Zip("BTCUSDT-1m-2025-01.csv", string.Concat(Enumerable.Range(0, 500).Select(i => Binance(Day + (i * 60_000)) + "\n")));
        var damaged = whole.ToArray();
        damaged[damaged.Length / 2] ^= 0x55;
        foreach (var content in (byte[][])[whole[..(whole.Length / 2)], whole[..^5], damaged])
            Assert.Contains("no whole zip archive",
                (await Assert.ThrowsAsync<CommandException>(() => OpenAsync(content, "a.zip"))).Message, StringComparison.Ordinal);
        var several = await Assert.ThrowsAsync<CommandException>(() => OpenAsync(Zip(("a.csv", "x"), ("b.csv", "y")), "a.zip"));
        Assert.Contains("holds 2 CSV files", several.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(Path.GetTempPath(), "candlestream-import-*"));
    }

    [Fact]
    public async Task A_table_that_says_SIMULATED_anywhere_is_simulated()
    {
        using var file = await OpenAsync(
            Encoding.UTF8.GetBytes("time,open,high,low,close,volume,source\n1714564800000,1,2,0.5,1,1,SIMULATED\n"), "x.csv");
        Assert.True(file.Notes.IsSimulated);
    }

    private static byte[] Zip(string name, string content) => Zip((name, content));

    private static byte[] Zip(params (string Name, string Content)[] files)
    {
        using var packed = new MemoryStream();
        using (var archive = new ZipArchive(packed, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in files)
            {
                using var entry = archive.CreateEntry(name).Open();
                entry.Write(Encoding.UTF8.GetBytes(content));
            }
        }

        return packed.ToArray();
    }

    private Task<List<CandleRow>> ReadAsync(string series, string content, string name) =>
        ReadAsync(series, Encoding.UTF8.GetBytes(content), name);

    private async Task<List<CandleRow>> ReadAsync(string series, byte[] content, string name)
    {
        using var file = await OpenAsync(content, name);
        file.CheckIsOf(SeriesKey.Parse(series));
        return await file.ReadAsync(SeriesKey.Parse(series), Now, Cancel).ToListAsync(Cancel);
    }

    private async Task<CandleFile> OpenAsync(byte[] content, string name, string format = "auto")
    {
        var path = Path.Combine(_folder.FullName, name);
        await File.WriteAllBytesAsync(path, content, Cancel);
        return await CandleFile.OpenAsync(new FileInfo(path), Cancel, format);
    }
}
