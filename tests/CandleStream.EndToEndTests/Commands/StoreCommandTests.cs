using System.Globalization;
using CandleStream.EndToEndTests.Recorded;
using CandleStream.EndToEndTests.Server;
using CandleStream.Simulator;
using CandleStream.Storage;
using CandleStream.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace CandleStream.EndToEndTests.Commands;

/// <summary>The program's commands, each run as a user runs it: the real program, a real file, the simulator as its exchange.</summary>
public sealed class StoreCommandTests(PostgresServer database) : IAsyncLifetime
{
    private const int Limit = 600_000;

    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    private readonly TempFolder _folder = new();
    private BitfinexSimulator _exchange = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _exchange = await BitfinexSimulator.StartAsync(new SimulatorOptions { Seed = 3, Symbols = ["BTCUSD"] }, Cancel);

    public async ValueTask DisposeAsync()
    {
        await _exchange.DisposeAsync();
        _folder.Dispose();
    }

    [Fact(Timeout = Limit)]
    public async Task A_backfill_brings_the_exchanges_candles_once_and_verify_agrees()
    {
        var day = new DateTimeOffset(DateTimeOffset.UtcNow.UtcDateTime.Date.AddDays(-3), TimeSpan.Zero);
        string[] range = ["--from", $"{day:yyyy-MM-dd}", "--to", $"{day.AddDays(1):yyyy-MM-dd}"];

        Assert.Equal(0, (await RunAsync(["backfill", "BTCUSD:1m", .. range])).Code);
        var calls = _exchange.RestCalls.Total;
        Assert.True(calls > 0);
        Assert.Equal(0, (await RunAsync(["backfill", "BTCUSD:1m", .. range])).Code);
        Assert.Equal(calls, _exchange.RestCalls.Total);

        var rows = await ExportAsync(range);
        var ledger = _exchange.Ledger("trade:1m:tBTCUSD", day.ToUnixTimeMilliseconds(), day.AddDays(1).ToUnixTimeMilliseconds() - 1);
        Assert.Equal(ledger.Select(c => (c.Time, c.Open, c.High, c.Low, c.Close, c.Volume)), rows.Select(r => r.Split(',')).Select(f => (long.Parse(f[0], Invariant), Number(f[1]), Number(f[2]), Number(f[3]), Number(f[4]), Number(f[5]))));
        var verified = await RunAsync(["verify", "BTCUSD:1m", .. range]);
        Assert.Equal((0, $"BTCUSD:1m: {ledger.Count} candles compared, 0 missing, 0 different, 0 that the exchange does not have."), (verified.Code, verified.Output.Single()));
    }

    [Fact(Timeout = Limit)]
    public async Task Verify_names_what_differs_and_repairs_it()
    {
        var hour = DateTimeOffset.FromUnixTimeMilliseconds(DateTimeOffset.UtcNow.AddHours(-5).ToUnixTimeMilliseconds() / 3_600_000 * 3_600_000);
        string[] range = ["--from", $"{hour:yyyy-MM-ddTHH:mmZ}", "--to", $"{hour.AddHours(1):yyyy-MM-ddTHH:mmZ}"];
        var ledger = _exchange.Ledger("trade:1m:tBTCUSD", hour.ToUnixTimeMilliseconds(), hour.AddHours(1).ToUnixTimeMilliseconds() - 1);
        var (wrong, missing) = (ledger[3], ledger[7]);
        await File.WriteAllLinesAsync(
            _folder.File("wrong.csv"),
            ["mts,open,close,high,low,volume", .. ledger.Where(c => c != missing).Select(c => $"{c.Time},{c.Open},{c.Close},{c.High},{c.Low},{(c == wrong ? c.Volume + 1 : c.Volume)}")], Cancel);
        Assert.Equal(0, (await RunAsync(["import", "BTCUSD:1m", _folder.File("wrong.csv")])).Code);

        var found = await RunAsync(["verify", "BTCUSD:1m", .. range]);
        Assert.Equal(1, found.Code);
        Assert.Contains(found.Output, l => l.Contains("missing in the store", StringComparison.Ordinal));
        Assert.Contains($"BTCUSD:1m: {ledger.Count} candles compared, 1 missing, 1 different, 0 that the exchange does not have.", found.Output);

        Assert.Equal(0, (await RunAsync(["verify", "BTCUSD:1m", .. range, "--repair"])).Code);
        Assert.Equal(0, (await RunAsync(["verify", "BTCUSD:1m", .. range])).Code);
    }

    [Fact(Timeout = Limit)]
    public async Task A_copy_to_PostgreSQL_has_every_candle_with_its_rev_the_coverage_and_the_symbols()
    {
        var day = new DateTimeOffset(DateTimeOffset.UtcNow.UtcDateTime.Date.AddDays(-3), TimeSpan.Zero);
        Assert.Equal(0, (await RunAsync(["backfill", "BTCUSD:1m", "--from", $"{day:yyyy-MM-dd}", "--to", $"{day.AddDays(1):yyyy-MM-dd}"])).Code);
        Assert.Equal(0, (await RunAsync(["backfill", "BTCUSD:1h", "--from", $"{day:yyyy-MM-dd}", "--to", $"{day.AddDays(1):yyyy-MM-dd}"])).Code);
        await using var source = await OpenAsync(null);
        var symbols = new SymbolList(["BTCUSD", "DUSK:USD"], DateTimeOffset.UnixEpoch.AddDays(20_000));
        await source.SaveSymbolsAsync(symbols, Cancel);
        // A revision, and a promise for clients that resume: a copy without them would send those clients wrong candles.
        var minutes = SeriesKey.Parse("BTCUSD:1m");
        var revised = (await ReadAsync(source, minutes))[5];
        await source.SaveAsync(
            new StoreBatch([new StoredCandle(minutes, revised with { Volume = revised.Volume + 1, Rev = revised.Rev + 77 })], [new SeriesChange(minutes, TimeRangeSet.Empty, TimeRangeSet.Empty, CompleteFrom: 4711)]), Cancel);
        var url = await database.CreateDatabaseAsync();

        // Twice: it may be repeated after an interruption.
        for (var run = 0; run < 2; run++)
        {
            var copied = await RunAsync(["copy-to", url]);
            Assert.True(copied.Code == 0, string.Join('\n', copied.Errors));
            Assert.Equal($"2 series with {(await ReadAsync(source, minutes)).Count + 24} candles copied.", copied.Output[^1]);
        }

        await using var copy = await OpenAsync(url);
        Assert.Equal(await source.ListSeriesAsync(Cancel), await copy.ListSeriesAsync(Cancel));
        foreach (var series in await source.ListSeriesAsync(Cancel))
        {
            Assert.Equal(await ReadAsync(source, series), await ReadAsync(copy, series));
            Assert.Equal(await source.FindSeriesAsync(series, Cancel), await copy.FindSeriesAsync(series, Cancel));
        }

        var known = await copy.FindSymbolsAsync(Cancel);
        Assert.Equal((symbols.FetchedAt, "BTCUSD DUSK:USD"), (known!.FetchedAt, string.Join(' ', known.Symbols)));
        Assert.Equal(await source.HighestRevAsync(Cancel), await copy.HighestRevAsync(Cancel));
    }

    [Fact(Timeout = Limit)]
    public async Task A_copy_into_a_store_of_another_source_is_refused()
    {
        var url = await database.CreateDatabaseAsync();
        await using (var other = CandleStoreFactory.Create(new StorageOptions(), url, TimeProvider.System, NullLoggerFactory.Instance)) await other.OpenAsync("api-pub.bitfinex.com", exclusive: false, Cancel);

        var (code, _, errors) = await RunAsync(["copy-to", url]);

        Assert.Equal(1, code);
        Assert.Contains("api-pub.bitfinex.com", Assert.Single(errors), StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task The_probe_reports_what_it_found_and_keeps_the_frames()
    {
        var (code, output, errors) = await RunAsync(["probe", "--symbol", "BTCUSD", "--quiet-symbol", "BTCUSD", "--watch", "3", "--record", _folder.File("frames.tsv")]);

        Assert.True(code == 0, string.Join('\n', [.. output, .. errors]));
        Assert.Contains(output, l => l.Contains("simulator", StringComparison.OrdinalIgnoreCase));
        var frames = await File.ReadAllLinesAsync(_folder.File("frames.tsv"), Cancel);
        Assert.Contains(frames, f => f.Contains("\"subscribed\"", StringComparison.Ordinal));
        Assert.All(frames, f => Assert.True(f.Split('\t').Length >= 2));
    }

    [Theory(Timeout = Limit)]
    [InlineData("time,open,high,low,close,volume\n1714564800000,1,2,0.5,x,1", "row 2: 'x' is not a number")]
    [InlineData("time,open,high,low,close,volume\n1714564800000,1,0.9,0.5,1,1", "row 2: no real candle looks like that")]
    [InlineData("time,open,high,low,close,volume\n1714564800001,1,2,0.5,1,1", "row 2: 1714564800001 is no start of a 1m candle")]
    [InlineData("time,open,high,low,close,volume\n1714564860000,1,2,0.5,1,1\n1714564800000,1,2,0.5,1,1", "row 3: times must rise")]
    [InlineData("time,open,high,low,close\n1714564800000,1,2,0.5,1", "no column is named volume")]
    public async Task A_bad_file_is_refused_by_row_and_nothing_of_it_is_stored(string csv, string said)
    {
        await File.WriteAllTextAsync(_folder.File("bad.csv"), csv, Cancel);

        var (code, _, errors) = await RunAsync(["import", "BTCUSD:1m", _folder.File("bad.csv")]);

        Assert.Equal(1, code);
        Assert.Contains(said, Assert.Single(errors), StringComparison.Ordinal);
        Assert.Empty(await ExportAsync([]));
    }

    [Theory(Timeout = Limit)]
    [InlineData("BTCUSD", "candles-BTCUSD-1m-20181105-20181118.csv.gz", 19_058, 1_102)]
    [InlineData("ETHUSD", "candles-ETHUSD-1m-20181105-20181118.csv.gz", 17_838, 2_322)]
    [InlineData("NEOUSD", "candles-NEOUSD-1m-20181105-20181118.csv.gz", 10_029, 10_131)]
    [InlineData("BTCUSD", "candles-BTCUSD-1m-20190105-20190108.csv.gz", 5_229, 531)]
    [InlineData("ETHUSD", "candles-ETHUSD-1m-20190105-20190108.csv.gz", 5_204, 556)]
    public async Task Imported_history_is_answered_row_by_row_and_minutes_without_a_row_are_named_or_known_to_be_empty(string pair, string file, int rows, int missing)
    {
        var path = RecordedData.Require(file);
        var expected = RecordedData.ReadCandles(path);
        var day = expected.Keys.Min() / 86_400_000 * 86_400_000;
        var end = (expected.Keys.Max() / 86_400_000 + 1) * 86_400_000;
        Assert.Equal(0, (await RunAsync(["import", $"{pair}:1m", path])).Code);

        await using (var server = await RunningServer.StartAsync(Unreachable("ws", "/ws/2"), Unreachable("http", "/v2"), null, ("Storage:SqlitePath", _folder.File("candles.db")), ("Streaming:HistoryWait", "00:00:00")))
        {
            var (candles, gapMinutes) = await ReadAllAsync(server.Client, pair, day, end);
            Assert.Equal(rows, candles.Count);
            Assert.All(candles, c => Assert.True(c.HasSameValues(expected[c.Time]), $"{c}"));
            Assert.Equal(missing, gapMinutes);
            await server.StopAsync();
        }

        Assert.Equal(0, (await RunAsync(["import", $"{pair}:1m", path, "--complete"])).Code);
        await using var again = await RunningServer.StartAsync(Unreachable("ws", "/ws/2"), Unreachable("http", "/v2"), null, ("Storage:SqlitePath", _folder.File("candles.db")), ("Streaming:HistoryWait", "00:00:00"));
        var known = await ReadAllAsync(again.Client, pair, expected.Keys.Min(), expected.Keys.Max() + 60_000);
        Assert.Equal((rows, 0), (known.Candles.Count, known.GapMinutes));
    }

    private static decimal Number(string text) => decimal.Parse(text, NumberStyles.Float, Invariant);

    private static Uri Unreachable(string scheme, string path) => new($"{scheme}://127.0.0.1:1{path}");

    private static async Task<(List<Candle> Candles, long GapMinutes)> ReadAllAsync(HttpClient client, string pair, long from, long to)
    {
        var candles = new List<Candle>();
        long gapMinutes = 0;
        for (long? start = from; start is not null;)
        {
            var answer = await client.JsonAsync($"/candles?symbol={pair}&timeframe=1m&start={start}&end={to - 1}&limit=10000");
            foreach (var c in answer["candles"]!.AsArray())
                candles.Add(new Candle((long)c!["time"]!, (decimal)c["open"]!, (decimal)c["high"]!, (decimal)c["low"]!, (decimal)c["close"]!, (decimal)c["volume"]!));
            gapMinutes += answer["gaps"]!.AsArray().Sum(g => ((long)g![1]! - (long)g[0]!) / 60_000);
            start = (long?)answer["next"];
        }

        return (candles, gapMinutes);
    }

    private async Task<ICandleStore> OpenAsync(string? url)
    {
        var store = CandleStoreFactory.Create(new StorageOptions { SqlitePath = _folder.File("candles.db") }, url, TimeProvider.System, NullLoggerFactory.Instance);
        await store.OpenAsync(_exchange.WebSocketUrl.Host, exclusive: false, Cancel);
        return store;
    }

    private static async Task<List<Candle>> ReadAsync(ICandleStore store, SeriesKey series)
    {
        var candles = new List<Candle>();
        await foreach (var candle in store.ReadAsync(series, new TimeRange(0, long.MaxValue), int.MaxValue, newestFirst: false, Cancel)) candles.Add(candle);
        return candles;
    }

    private async Task<List<string>> ExportAsync(string[] range)
    {
        var (code, output, errors) = await RunAsync(["export", "BTCUSD:1m", .. range]);
        Assert.True(code == 0, string.Join(' ', errors));
        return [.. output.Skip(1)];
    }

    private async Task<(int Code, IReadOnlyList<string> Output, IReadOnlyList<string> Errors)> RunAsync(string[] args)
    {
        string[] settings = [$"--Storage:SqlitePath={_folder.File("candles.db")}", $"--Bitfinex:WebSocketUrl={_exchange.WebSocketUrl}", $"--Bitfinex:RestUrl={_exchange.RestUrl}"];
        await using var program = ServerProcess.Launch([.. args, .. settings], folder: _folder);
        var code = await program.ExitAsync();
        return (code, program.Output, program.Errors);
    }
}
