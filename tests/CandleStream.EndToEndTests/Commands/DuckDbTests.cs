using System.Text.RegularExpressions;
using CandleStream.EndToEndTests.Doors;
using CandleStream.EndToEndTests.Server;
using CandleStream.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace CandleStream.EndToEndTests.Commands;

/// <summary>What <c>export</c> writes, as another program reads it.</summary>
public sealed partial class DuckDbTests : IDisposable
{
    private const int Limit = 600_000;

    /// <summary>2024-05-01 12:00 UTC.</summary>
    private const long Start = 1_714_564_800_000;

    private const string Exact =
        "open::DECIMAL(38,12), high::DECIMAL(38,12), low::DECIMAL(38,12), close::DECIMAL(38,12), volume::DECIMAL(38,12)";

    private static readonly SeriesKey Series = SeriesKey.Parse("BTCUSD:1m");

    private readonly TempFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact(Timeout = Limit)]
    public async Task DuckDb_reads_every_digit_of_a_parquet_export_and_the_same_from_the_csv()
    {
        var rows = TestSize.Of(normal: 2000, full: 1_000_000);
        await ExportAsync(rows, "out.parquet", "out.csv");

        Assert.Equal(
            [["1714564800000", "6351.12345678", "6360.10000000", "6300.00000001", "6352.00000000", "0.00000031", "true"],
                ["1714564860000", "6352.12345678", "6361.10000000", "6301.00000001", "6353.00000000", "0.00000001", "true"]],
            await QueryAsync(
                "SELECT epoch_ms(time), open, high, low, close, volume, closed FROM 'out.parquet' ORDER BY time LIMIT 2"));
        const string csv = $"SELECT time::BIGINT, {Exact} FROM read_csv('out.csv', comment = '#', all_varchar = true)";
        const string parquet = $"SELECT epoch_ms(time), {Exact} FROM 'out.parquet'";
        Assert.Equal([[$"{rows}", "0", "0"]], await QueryAsync(
            $"SELECT (SELECT count(*) FROM ({parquet})), (SELECT count(*) FROM ({csv} EXCEPT {parquet})), (SELECT count(*) FROM ({parquet} EXCEPT {csv}))"));
    }

    [Fact(Timeout = Limit)]
    public async Task The_query_of_the_docs_makes_hours_of_minutes()
    {
        await ExportAsync(180, "btcusd.parquet");
        var docs = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "integrations.md"), Cancel);

        var hours = await QueryAsync(DocsQuery().Match(docs).Groups["query"].Value);

        Assert.Equal(["2024-05-01 14:00:00+00", "2024-05-01 13:00:00+00", "2024-05-01 12:00:00+00"], hours.Select(h => h[0]));
        Assert.Equal(["6471.12345678", "6539.10000000", "6420.00000001", "6531.00000000"], hours[0][1..5]);
    }

    private static Candle At(int i) => new(
        Start + (i * 60_000L), 6351.12345678m + i, 6360.1m + i, 6300.00000001m + i, 6352 + i,
        i % 7 == 0 ? 0.00000031m : i / 100_000_000m, true, Rev.At(Start + (i * 60_000L) + 60_000), CandleOrigin.File);

    private async Task ExportAsync(int rows, params string[] names)
    {
        await using (var store = CandleStoreFactory.Create(
            new StorageOptions { SqlitePath = _folder.File("candles.db") }, null, TimeProvider.System, NullLoggerFactory.Instance))
        {
            await store.OpenAsync("127.0.0.1", exclusive: false, Cancel);
            foreach (var part in Enumerable.Range(0, rows).Chunk(10_000))
                await store.SaveAsync(new StoreBatch([.. part.Select(i => new StoredCandle(Series, At(i)))], []), Cancel);
        }

        foreach (var name in names)
        {
            await using var program = ServerProcess.Launch(
                ["export", "BTCUSD:1m", "--out", _folder.File(name), $"--Storage:SqlitePath={_folder.File("candles.db")}",
                    "--Bitfinex:WebSocketUrl=ws://127.0.0.1:1/ws/2", "--Bitfinex:RestUrl=http://127.0.0.1:1/v2"],
                folder: _folder);
            Assert.True(await program.ExitAsync() == 0, string.Join('\n', program.Errors));
        }
    }

    private async Task<string?[][]> QueryAsync(string query)
    {
        var rows = await OtherClient.RunAsync("duckdb.mjs", _folder.Path, query);
        return [.. rows.AsArray().Select(row => row!.AsArray().Select(value => value?.ToString()).ToArray())];
    }

    [GeneratedRegex("hours = \"\"\"(?<query>.*?)\"\"\"", RegexOptions.Singleline)]
    private static partial Regex DocsQuery();
}
