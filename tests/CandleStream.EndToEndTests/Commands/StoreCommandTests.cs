using System.Diagnostics;
using System.Globalization;
using CandleStream.EndToEndTests.Server;
using CandleStream.Simulator;
using CandleStream.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace CandleStream.EndToEndTests.Commands;

/// <summary>The program's commands, each run as a user runs it: the real program, a real file, the simulator as its exchange.</summary>
public sealed class StoreCommandTests(PostgresServer database) : IAsyncLifetime
{
    private const int Limit = 600_000;

    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    private readonly TempFolder _folder = new();
    private BitfinexSimulator _exchange = null!;

    private string[] Settings => [$"--Storage:SqlitePath={_folder.File("candles.db")}",
        $"--Bitfinex:WebSocketUrl={_exchange.WebSocketUrl}", $"--Bitfinex:RestUrl={_exchange.RestUrl}"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() =>
        _exchange = await BitfinexSimulator.StartAsync(new SimulatorOptions { Seed = 3, Symbols = ["BTCUSD"] }, Cancel);

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
        var again = await RunAsync(["backfill", "BTCUSD:1m", .. range]);
        Assert.Equal((0, "0 new, 0 changed, 0 kept, 0 refused"), (again.Code, again.Output[^1]));
        Assert.Equal(calls, _exchange.RestCalls.Total);

        var rows = await ExportAsync(range);
        var ledger = _exchange.Ledger("trade:1m:tBTCUSD", day.ToUnixTimeMilliseconds(), day.AddDays(1).ToUnixTimeMilliseconds() - 1);
        Assert.Equal(ledger.Select(c => (c.Time, c.Open, c.High, c.Low, c.Close, c.Volume)), rows.Select(r => r.Split(','))
            .Select(f => (long.Parse(f[0], Invariant), Number(f[1]), Number(f[2]), Number(f[3]), Number(f[4]), Number(f[5]))));
        var verified = await RunAsync(["verify", "BTCUSD:1m", .. range]);
        Assert.Equal((0, $"BTCUSD:1m: {ledger.Count} candles compared, 0 missing, 0 different, 0 that the exchange does not have."),
            (verified.Code, verified.Output.Single()));
    }

    [Fact(Timeout = Limit)]
    public async Task Verify_names_what_differs_and_repairs_it()
    {
        var hour =
            DateTimeOffset.FromUnixTimeMilliseconds(DateTimeOffset.UtcNow.AddHours(-5).ToUnixTimeMilliseconds() / 3_600_000 * 3_600_000);
        string[] range = ["--from", $"{hour:yyyy-MM-ddTHH:mmZ}", "--to", $"{hour.AddHours(1):yyyy-MM-ddTHH:mmZ}"];
        var ledger = _exchange.Ledger("trade:1m:tBTCUSD", hour.ToUnixTimeMilliseconds(), hour.AddHours(1).ToUnixTimeMilliseconds() - 1);
        var (wrong, missing) = (ledger[3], ledger[7]);
        await File.WriteAllLinesAsync(
            _folder.File("wrong.csv"),
            ["mts,open,close,high,low,volume", .. ledger.Where(c => c != missing)
                .Select(c => $"{c.Time},{c.Open},{c.Close},{c.High},{c.Low},{(c == wrong ? c.Volume + 1 : c.Volume)}")], Cancel);
        Assert.Equal(0, (await RunAsync(["import", "BTCUSD:1m", _folder.File("wrong.csv")])).Code);

        var found = await RunAsync(["verify", "BTCUSD:1m", .. range]);
        Assert.Equal(1, found.Code);
        Assert.Contains(found.Output, l => l.Contains("missing in the store", StringComparison.Ordinal));
        Assert.Contains(
            $"BTCUSD:1m: {ledger.Count} candles compared, 1 missing, 1 different, 0 that the exchange does not have.", found.Output);

        Assert.Equal(0, (await RunAsync(["verify", "BTCUSD:1m", .. range, "--repair"])).Code);
        Assert.Equal(0, (await RunAsync(["verify", "BTCUSD:1m", .. range])).Code);
    }

    [Fact(Timeout = Limit)]
    public async Task A_copy_to_PostgreSQL_has_every_candle_with_its_rev_the_coverage_and_the_symbols()
    {
        var day = new DateTimeOffset(DateTimeOffset.UtcNow.UtcDateTime.Date.AddDays(-3), TimeSpan.Zero);
        Assert.Equal(
            0, (await RunAsync(["backfill", "BTCUSD:1m", "--from", $"{day:yyyy-MM-dd}", "--to", $"{day.AddDays(1):yyyy-MM-dd}"])).Code);
        Assert.Equal(
            0, (await RunAsync(["backfill", "BTCUSD:1h", "--from", $"{day:yyyy-MM-dd}", "--to", $"{day.AddDays(1):yyyy-MM-dd}"])).Code);
        await using var source = await OpenAsync(null);
        var symbols = new SymbolList(["BTCUSD", "DUSK:USD"], DateTimeOffset.UnixEpoch.AddDays(20_000));
        await source.SaveSymbolsAsync(symbols, Cancel);
        // A revision, and a promise for clients that resume: a copy without them would send those clients wrong candles.
        var minutes = SeriesKey.Parse("BTCUSD:1m");
        var revised = (await ReadAsync(source, minutes))[5];
        await source.SaveAsync(
            new StoreBatch([new StoredCandle(minutes, revised with { Volume = revised.Volume + 1, Rev = new Rev(revised.Rev.Value + 77) })],
                [new SeriesChange(minutes, TimeRangeSet.Empty, TimeRangeSet.Empty, CompleteFrom: new Rev(4711))]), Cancel);
        var url = await database.CreateDatabaseAsync();

        // Twice: it may be repeated after an interruption.
        for (var run = 0; run < 2; run++)
        {
            var copied = await RunAsync(["copy-to", url]);
            Assert.True(copied.Code == 0, string.Join('\n', copied.Errors));
            var all = (await ReadAsync(source, minutes)).Count + 24;
            Assert.Equal(["2 series copied.",
                run == 0 ? $"{all} new, 0 changed, 0 kept, 0 refused" : $"0 new, 0 changed, {all} kept, 0 refused"], copied.Output);
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
        await using (var other = CandleStoreFactory.Create(new StorageOptions(), url, TimeProvider.System,
            NullLoggerFactory.Instance)) await other.OpenAsync("api-pub.bitfinex.com", exclusive: false, Cancel);

        var (code, _, errors) = await RunAsync(["copy-to", url]);

        Assert.Equal(1, code);
        Assert.Contains("api-pub.bitfinex.com", Assert.Single(errors), StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task The_probe_reports_what_it_found_and_keeps_the_frames()
    {
        var (code, output, errors) = await RunAsync(
            ["probe", "--symbol", "BTCUSD", "--quiet-symbol", "BTCUSD", "--watch", "3", "--record", _folder.File("frames.tsv")]);

        Assert.True(code == 0, string.Join('\n', [.. output, .. errors]));
        Assert.Contains(output, l => l.Contains("simulator", StringComparison.OrdinalIgnoreCase));
        var frames = await File.ReadAllLinesAsync(_folder.File("frames.tsv"), Cancel);
        Assert.Contains(frames, f => f.Contains("\"subscribed\"", StringComparison.Ordinal));
        Assert.All(frames, f => Assert.True(f.Split('\t').Length >= 2));
    }

    [Theory(Timeout = Limit)]
    [InlineData("time,open,high,low,close,volume\n1714564800000,1,2,0.5,x,1", "row 2: 'x' is not a number")]
    [InlineData("time,open,high,low,close,volume\n1714564800000,1,2,0.5,1,1\n1714564860000000,1,2,0.5,1,1",
        "row 3: 1714564860000000 is a time in µs; it must be in ms")]
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

    [Fact(Timeout = Limit)]
    public async Task A_refused_file_names_its_first_ten_bad_rows_and_is_taken_without_them_only_if_asked()
    {
        const long Start = 1_714_564_800_000;
        var lines = Enumerable.Range(0, 30)
            .Select(i => i is >= 5 and < 17 ? $"{Start + (i * 60_000)},1,2,0.5,nothing,1" : $"{Start + (i * 60_000)},1,2,0.5,1,1");
        await File.WriteAllLinesAsync(_folder.File("bad.csv"), ["time,open,high,low,close,volume", .. lines], Cancel);

        var (code, output, errors) = await RunAsync(["import", "BTCUSD:1m", _folder.File("bad.csv")]);
        Assert.Equal((1, "0 new, 0 changed, 0 kept, 12 refused"), (code, output[^1]));
        Assert.Equal([.. Enumerable.Range(7, 10).Select(r => $"candlestream: bad.csv, row {r}: 'nothing' is not a number."),
            "candlestream: bad.csv: 2 more rows were refused."], errors);
        Assert.Empty(await ExportAsync([]));

        (code, output, _) = await RunAsync(["import", "BTCUSD:1m", _folder.File("bad.csv"), "--skip-bad", "--complete"]);
        Assert.Equal((0, "18 new, 0 changed, 0 kept, 12 refused"), (code, output[^1]));
        Assert.Equal(18, (await ExportAsync([])).Count);
        await using var store = await OpenAsync(null);
        // Complete but for where rows were refused.
        Assert.Equal(
            TimeRangeSet.Of(new TimeRange(Start, Start + (5 * 60_000)), new TimeRange(Start + (17 * 60_000), Start + (30 * 60_000))),
            (await store.FindSeriesAsync(SeriesKey.Parse("BTCUSD:1m"), Cancel))!.Verified);
    }

    [Fact(Timeout = Limit)]
    public async Task A_cut_file_stores_nothing()
    {
        await File.WriteAllTextAsync(_folder.File("whole.csv"), "time,open,high,low,close,volume\n" + string.Concat(
            Enumerable.Range(0, 500).Select(i => $"{1_714_564_800_000 + (i * 60_000)},{1000 + i},2000,0.5,{1100 + i},{i}\n")), Cancel);
        Assert.Equal(0, (await RunAsync(["import", "BTCUSD:1m", _folder.File("whole.csv")])).Code);
        Assert.Equal(0, (await RunAsync(["export", "BTCUSD:1m", "--out", _folder.File("whole.csv.gz")])).Code);
        var whole = await File.ReadAllBytesAsync(_folder.File("whole.csv.gz"), Cancel);
        await File.WriteAllBytesAsync(_folder.File("cut.csv.gz"), whole[..(whole.Length * 2 / 3)], Cancel);

        var (code, _, errors) = await RunAsync(["import", "ETHUSD:1m", _folder.File("cut.csv.gz")]);
        Assert.Equal(
            (1, "candlestream: cut.csv.gz ends too early or is damaged: it is no whole gzip file."), (code, Assert.Single(errors)));

        // The same of a plain file: an export ends with what shows that nothing is missing.
        var lines = (await ExportLinesAsync([])).ToList();
        await File.WriteAllLinesAsync(_folder.File("cut.csv"), lines.Where((_, i) => i != 7), Cancel);
        (code, _, errors) = await RunAsync(["import", "BTCUSD:1m", _folder.File("cut.csv")]);
        Assert.Equal(1, code);
        Assert.Contains("says that it holds 500 candles, and has 499 rows", Assert.Single(errors), StringComparison.Ordinal);
        await using var store = await OpenAsync(null);
        Assert.Equal([SeriesKey.Parse("BTCUSD:1m")], await store.ListSeriesAsync(Cancel));
    }

    [Fact(Timeout = Limit)]
    public async Task What_was_unknown_stays_unknown_through_export_and_import()
    {
        const long Start = 1_714_564_800_000;
        var minutes = SeriesKey.Parse("BTCUSD:1m");
        var verified =
            TimeRangeSet.Of(new TimeRange(Start, Start + (3 * 60_000)), new TimeRange(Start + (10 * 60_000), Start + (20 * 60_000)));
        Candle[] candles = [At(0), At(2), At(5), At(12)];
        await using (var source = await OpenAsync(null))
            await source.SaveAsync(new StoreBatch(
                [.. candles.Select(c => new StoredCandle(minutes, c))], [new SeriesChange(minutes, verified, TimeRangeSet.Empty)]), Cancel);
        Assert.Equal(0, (await RunAsync(["export", "BTCUSD:1m", "--out", _folder.File("out.csv.gz")])).Code);
        File.Delete(_folder.File("candles.db"));

        var (code, output, _) = await RunAsync(["import", "BTCUSD:1m", _folder.File("out.csv.gz"), "--complete"]);
        Assert.Equal((0, "The file says itself where it is complete; that counts, and not --complete.",
            "4 new, 0 changed, 0 kept, 0 refused"), (code, output[0], output[^1]));
        await using var copy = await OpenAsync(null);
        Assert.Equal(candles, await ReadAsync(copy, minutes));
        Assert.Equal(verified, (await copy.FindSeriesAsync(minutes, Cancel))!.Verified);
        var (wrong, _, errors) = await RunAsync(["import", "ETHUSD:1m", _folder.File("out.csv.gz")]);
        Assert.Equal((1, "candlestream: out.csv.gz holds candles of BTCUSD:1m, not of ETHUSD:1m."), (wrong, Assert.Single(errors)));

        static Candle At(int minute) => new(Start + (minute * 60_000), 1, 2, 0.5m, 1, 1, true, Rev.At(Start + (minute * 60_000) + 60_000));
    }

    [Theory(Timeout = Limit)]
    [InlineData("out.csv.gz")]
    [InlineData("out.parquet")]
    public async Task A_series_comes_back_whole_and_equal_as_decimals_with_its_coverage(string name)
    {
        const long Start = 1_714_564_800_000;
        var rows = TestSize.Of(normal: 3000, full: 1_000_000);
        var minutes = SeriesKey.Parse("BTCUSD:1m");
        var verified = TimeRangeSet.Of(
            new TimeRange(Start, Start + (rows * 30_000L)), new TimeRange(Start + (rows * 40_000L), Start + (rows * 60_000L)));
        await using (var source = await OpenAsync(null))
        {
            foreach (var part in Enumerable.Range(0, rows).Chunk(10_000))
                await source.SaveAsync(new StoreBatch([.. part.Select(i => new StoredCandle(minutes, At(i)))], []), Cancel);
            await source.SaveAsync(new StoreBatch([], [new SeriesChange(minutes, verified, TimeRangeSet.Empty)]), Cancel);
        }

        var clock = Stopwatch.StartNew();
        Assert.Equal((0, $"BTCUSD:1m: {rows} candles written to {name}."),
            Last(await RunAsync(["export", "BTCUSD:1m", "--out", _folder.File(name)])));
        var exported = clock.Elapsed;
        foreach (var file in Directory.EnumerateFiles(_folder.Path, "candles.db*")) File.Delete(file);
        clock.Restart();
        Assert.Equal((0, $"{rows} new, 0 changed, 0 kept, 0 refused"), Last(await RunAsync(["import", "BTCUSD:1m", _folder.File(name)])));
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{name}: {rows} rows, {new FileInfo(_folder.File(name)).Length} bytes, written in {exported}, read in {clock.Elapsed}");
        await using (var copy = await OpenAsync(null))
        {
            Assert.Equal(verified, (await copy.FindSeriesAsync(minutes, Cancel))!.Verified);
            var i = 0;
            await foreach (var candle in copy.ReadAsync(
                minutes, new TimeRange(0, long.MaxValue), int.MaxValue, newestFirst: false, Cancel)) Assert.Equal(At(i++), candle);
            Assert.Equal(rows, i);
        }

        Assert.Equal((0, $"0 new, 0 changed, {rows} kept, 0 refused"), Last(await RunAsync(["import", "BTCUSD:1m", _folder.File(name)])));

        static (int, string) Last((int Code, IReadOnlyList<string> Output, IReadOnlyList<string> Errors) run) =>
            (run.Code, run.Output is [.., var last] ? last : string.Join('\n', run.Errors));

        static Candle At(int i) => new(
            Start + (i * 60_000L), 6351.12345678m + i, 6360.1m + i, 6300.00000001m + i, 6352 + i, i % 7 == 0
                ? 0.00000031m
                : i / 100_000_000m, true, Rev.At(Start + (i * 60_000L) + 60_000), CandleOrigin.File);
    }

    [Fact(Timeout = Limit)]
    public async Task An_archive_states_with_flat_rows_that_nothing_was_traded()
    {
        const long Start = 1_714_564_800_000;
        await File.WriteAllLinesAsync(_folder.File("BTCUSDT-1m-2024-05.csv"), Enumerable.Range(0, 4).Select(i =>
            $"{Start + (i * 60_000)},1,2,0.5,1,{(i == 2 ? 0 : 5)},{Start + (i * 60_000) + 59_999},1,{(i == 2 ? 0 : 3)},1,1,0"), Cancel);

        var wrong = await RunAsync(["import", "BTCUSDT:1m", _folder.File("BTCUSDT-1m-2024-05.csv")]);
        Assert.Equal(1, wrong.Code);
        Assert.Contains("import it as BINANCE:BTCUSDT:1m", Assert.Single(wrong.Errors), StringComparison.Ordinal);
        var (code, output, _) = await RunAsync(["import", "BINANCE:BTCUSDT:1m", _folder.File("BTCUSDT-1m-2024-05.csv")]);
        Assert.Equal((0, "1 rows say that nothing was traded: they are no candles, and count as known.",
            "3 new, 0 changed, 0 kept, 0 refused"), (code, output[0], output[^1]));
        await using var store = await OpenAsync(null);
        Assert.Equal(TimeRangeSet.Of(new TimeRange(Start, Start + 240_000)),
            (await store.FindSeriesAsync(SeriesKey.Parse("BINANCE:BTCUSDT:1m"), Cancel))!.Verified);
    }

    [Fact(Timeout = Limit)]
    public async Task A_Parquet_export_needs_a_file()
    {
        var (code, output, errors) = await RunAsync(["export", "BTCUSD:1m", "--format", "parquet"]);
        Assert.Equal((1, 0), (code, output.Count));
        Assert.Contains("--out", Assert.Single(errors), StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task A_corrected_file_revises_what_came_by_file_or_REST_and_never_what_was_seen_live()
    {
        const long Start = 1_714_564_800_000;
        var minutes = SeriesKey.Parse("BTCUSD:1m");
        // In turn: pushed, by REST, by file, of unknown origin but numbered as history, of unknown origin and numbered live, and one that
        // is the same in the file.
        (CandleOrigin Origin, bool IsLive)[] held = [(CandleOrigin.Push, true), (CandleOrigin.Rest, false), (CandleOrigin.File, false),
            (CandleOrigin.Unknown, false), (CandleOrigin.Unknown, true)];
        await using (var store = await OpenAsync(null))
        {
            await store.SaveAsync(new StoreBatch([.. held.Select((h, i) => new StoredCandle(minutes, Row(i, 1) with { Origin = h.Origin,
                Rev = new Rev(Row(i, 1).Rev.Value + (h.IsLive ? 5 : 0)) })), new StoredCandle(minutes, Row(5, 9))], []), Cancel);
        }

        await File.WriteAllLinesAsync(_folder.File("corrected.csv"),
            ["time,open,high,low,close,volume", .. Enumerable.Range(0, 7).Select(i => $"{Row(i, 9).Time},1,2,0.5,1,9")], Cancel);
        var (code, output, _) = await RunAsync(["import", "BTCUSD:1m", _folder.File("corrected.csv")]);
        Assert.Equal((0, "1 new, 3 changed, 3 kept, 0 refused"), (code, output[^1]));
        await using var after = await OpenAsync(null);
        var rows = await ReadAsync(after, minutes);
        Assert.Equal([1m, 9, 9, 9, 1, 9, 9], rows.Select(r => r.Volume));
        // A revision has a new rev, above all others; a new row of history has its end.
        Assert.All(rows[1..4], r => Assert.True(r.Rev > rows.Where(o => o.Volume == 1).Max(o => o.Rev)));
        Assert.Equal(Row(6, 9).Rev, rows[6].Rev);
        Assert.Equal(
            "0 new, 0 changed, 7 kept, 0 refused", (await RunAsync(["import", "BTCUSD:1m", _folder.File("corrected.csv")])).Output[^1]);

        static Candle Row(int minute, decimal volume) =>
            new(Start + (minute * 60_000), 1, 2, 0.5m, 1, volume, true, Rev.At(Start + (minute * 60_000) + 60_000));
    }

    [Fact(Timeout = Limit)]
    public async Task A_candle_that_still_runs_is_left_out_and_that_is_said()
    {
        // Weeks as some exchange might cut them: the one that began yesterday runs for days to come.
        const long Day = 86_400_000;
        var weeks = SeriesKey.Parse("BTCUSD:1W");
        var running = (DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / Day * Day) - Day;
        var ended = running - (7 * Day);
        await File.WriteAllLinesAsync(
            _folder.File("weeks.csv"), ["time,open,high,low,close,volume", $"{ended},1,2,0.5,1,1", $"{running},1,2,0.5,1,1"], Cancel);
        var (code, output, _) = await RunAsync(["import", "BTCUSD:1W", _folder.File("weeks.csv"), "--complete"]);
        Assert.Equal(0, code);
        Assert.Equal(["1 candle had not ended; it was left out.", "1 new, 0 changed, 0 kept, 0 refused"], output);
        await using var store = await OpenAsync(null);
        Assert.Equal([ended], (await ReadAsync(store, weeks)).Select(c => c.Time));
        Assert.DoesNotContain((await store.FindSeriesAsync(weeks, Cancel))!.Verified.Ranges, r => r.To > running);
    }

    [Fact(Timeout = Limit)]
    public async Task A_file_with_simulated_prices_is_refused_by_a_store_of_real_ones()
    {
        await File.WriteAllLinesAsync(
            _folder.File("sim.csv"), ["# BTCUSD 1m SIMULATED", "time,open,high,low,close,volume", "1714564800000,1,2,0.5,1,1"], Cancel);
        var (code, _, errors) = await RunAsync(["import", "BTCUSD:1m", _folder.File("sim.csv")]);
        Assert.Equal(1, code);
        Assert.Contains("says SIMULATED", Assert.Single(errors), StringComparison.Ordinal);
        Assert.Empty(await ExportAsync([]));
    }

    [Fact(Timeout = Limit)]
    public async Task A_store_with_an_impossible_rev_is_mended_at_start_and_says_so()
    {
        var week = SeriesKey.Parse("BTCUSD:1W");
        await using (var store = await OpenAsync(null))
            await store.SaveAsync(new StoreBatch(
                [new StoredCandle(week, new Candle(1_735_516_800_000_000, 1, 2, 0.5m, 1, 1, true, new Rev(253_402_405_599_999_000)))], []),
                    Cancel);
        await using var server = await ServerProcess.StartAsync(["--Urls=http://127.0.0.1:0", .. Settings], folder: _folder);
        Assert.Contains(server.Output, l => l.Contains("BTCUSD:1W", StringComparison.Ordinal)
            && l.Contains("1735516800000000", StringComparison.Ordinal) && l.Contains("253402405599999000", StringComparison.Ordinal));
        var asof = (long)(await server.Client.JsonAsync("/candles?symbol=BTCUSD&timeframe=1W&limit=1"))["asof"]!;
        Assert.InRange(asof, 1, (1L << 53) - 1);
    }

    [Theory(Timeout = Limit)]
    [InlineData("BTCUSD", "candles-BTCUSD-1m-20181105-20181118.csv.gz", 19_058, 1_102)]
    [InlineData("ETHUSD", "candles-ETHUSD-1m-20181105-20181118.csv.gz", 17_838, 2_322)]
    [InlineData("NEOUSD", "candles-NEOUSD-1m-20181105-20181118.csv.gz", 10_029, 10_131)]
    [InlineData("BTCUSD", "candles-BTCUSD-1m-20190105-20190108.csv.gz", 5_229, 531)]
    [InlineData("ETHUSD", "candles-ETHUSD-1m-20190105-20190108.csv.gz", 5_204, 556)]
    public async Task Imported_history_is_answered_row_by_row_and_minutes_without_a_row_are_named_or_known_to_be_empty(
        string pair, string file, int rows, int missing)
    {
        var path = RecordedData.Require(file);
        var expected = RecordedData.ReadCandles(path);
        var day = expected.Keys.Min() / 86_400_000 * 86_400_000;
        var end = (expected.Keys.Max() / 86_400_000 + 1) * 86_400_000;
        Assert.Equal(0, (await RunAsync(["import", $"{pair}:1m", path])).Code);

        await using (var server = await RunningServer.StartAsync(Unreachable("ws", "/ws/2"), Unreachable("http", "/v2"), null,
            ("Storage:SqlitePath", _folder.File("candles.db")), ("Streaming:HistoryWait", "00:00:00")))
        {
            var (candles, gapMinutes) = await ReadAllAsync(server.Client, pair, day, end);
            Assert.Equal(rows, candles.Count);
            Assert.All(candles, c => Assert.True(c.HasSameValues(expected[c.Time]), $"{c}"));
            Assert.Equal(missing, gapMinutes);
            await server.StopAsync();
        }

        Assert.Equal(0, (await RunAsync(["import", $"{pair}:1m", path, "--complete"])).Code);
        await using var again = await RunningServer.StartAsync(Unreachable("ws", "/ws/2"), Unreachable("http", "/v2"), null,
            ("Storage:SqlitePath", _folder.File("candles.db")), ("Streaming:HistoryWait", "00:00:00"));
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
                candles.Add(new Candle((long)c!["time"]!, (decimal)c["open"]!, (decimal)c["high"]!, (decimal)c["low"]!,
                    (decimal)c["close"]!, (decimal)c["volume"]!));
            gapMinutes += answer["gaps"]!.AsArray().Sum(g => ((long)g![1]! - (long)g[0]!) / 60_000);
            start = (long?)answer["next"];
        }

        return (candles, gapMinutes);
    }

    private async Task<ICandleStore> OpenAsync(string? url)
    {
        var store = CandleStoreFactory.Create(
            new StorageOptions { SqlitePath = _folder.File("candles.db") }, url, TimeProvider.System, NullLoggerFactory.Instance);
        await store.OpenAsync(_exchange.WebSocketUrl.Host, exclusive: false, Cancel);
        return store;
    }

    private static async Task<List<Candle>> ReadAsync(ICandleStore store, SeriesKey series)
    {
        var candles = new List<Candle>();
        await foreach (var candle in store.ReadAsync(series, new TimeRange(0, long.MaxValue), int.MaxValue, newestFirst: false, Cancel))
            candles.Add(candle);
        return candles;
    }

    private async Task<List<string>> ExportAsync(string[] range) =>
        [.. (await ExportLinesAsync(range)).Skip(1).Where(l => !l.StartsWith('#'))];

    private async Task<IReadOnlyList<string>> ExportLinesAsync(string[] range)
    {
        var (code, output, errors) = await RunAsync(["export", "BTCUSD:1m", .. range]);
        Assert.True(code == 0, string.Join(' ', errors));
        return output;
    }

    private async Task<(int Code, IReadOnlyList<string> Output, IReadOnlyList<string> Errors)> RunAsync(string[] args)
    {
        await using var program = ServerProcess.Launch([.. args, .. Settings], folder: _folder);
        var code = await program.ExitAsync();
        return (code, program.Output, program.Errors);
    }
}
