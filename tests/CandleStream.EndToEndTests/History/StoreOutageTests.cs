using CandleStream.EndToEndTests.Server;
using CandleStream.EndToEndTests.Stream;
using CandleStream.Storage;
using Microsoft.Data.Sqlite;

namespace CandleStream.EndToEndTests.History;

/// <summary>
/// A store that fails under a running server: whoever reads the stream does not notice, readiness says so, and afterwards the store equals
/// the exchange's ledger.
/// </summary>
public abstract class StoreOutageTests
{
    // Candles close by the dozen every second here: the small buffer is full soon, and gives up ranges that must then be fetched again.
    private const string LargeBuffer = "100000", SmallBuffer = "100";

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>The settings of a store that can be made to fail.</summary>
    protected abstract Task<(string Key, string Value)[]> PrepareAsync();

    protected abstract Task BeginAsync();

    protected abstract Task EndAsync();

    /// <summary>What readiness says meanwhile.</summary>
    protected abstract string Trouble { get; }

    [Fact(Timeout = 180_000)]
    public async Task Candles_that_were_streamed_while_the_store_was_away_are_stored_when_it_is_back()
    {
        foreach (var buffer in TestSize.IsFull ? (string[])[SmallBuffer, LargeBuffer] : [SmallBuffer]) await RunAsync(buffer);
    }

    private async Task RunAsync(string buffer)
    {
        await using var market = await FastMarket.StartAsync(seed: 31, seconds: 8);
        await using var server = await RunningServer.StartAsync(
            market.Exchange.WebSocketUrl, market.Exchange.RestUrl, null,
            [.. market.Settings, .. await PrepareAsync(), ("Storage:BufferCandles", buffer)]);
        var (store, writer) = (server.Get<ICandleStore>(), server.Get<CandleWriter>());
        await using var streaming = new StreamFollower(server.Client.BaseAddress!);
        await using var polling = new PollingFollower(server.Client.BaseAddress!);
        await ClosedAfterAsync(streaming, market.Span.From);

        await BeginAsync();
        // A database that is about to be gone says so first.
        await Eventually.TrueAsync(() => writer.Failure?.Contains(Trouble, StringComparison.Ordinal) == true);
        var ready = await server.Client.ProblemAsync("/health/ready");
        Assert.Contains(Trouble, (string)ready["reasons"]![0]!, StringComparison.Ordinal);
        await ClosedAfterAsync(streaming, streaming.NewestClosed + (15 * 60_000));
        await Eventually.TrueAsync(() => buffer == LargeBuffer || writer.GivenUp > 0);
        await EndAsync();

        await Eventually.TrueAsync(() => writer.Failure is null);
        await market.UntilVerifiedAsync(store);
        foreach (var series in FastMarket.Series)
        {
            await market.UntilSameAsync("streaming", series, () => streaming.Closed(series));
            await market.UntilSameAsync("polling", series, () => polling.Closed(series));
        }

        Assert.Equal(1, streaming.Joins);
        Assert.Equal(buffer == SmallBuffer, writer.GivenUp > 0);
        Assert.True(await writer.FlushAsync(Cancel));
        await market.CheckStoreAsync(store);
    }

    private static Task ClosedAfterAsync(StreamFollower client, long time) => Eventually.TrueAsync(() => client.NewestClosed > time);
}

/// <summary>A server of its own, which is stopped and started again.</summary>
public sealed class Postgres_StoreOutageTests : StoreOutageTests, IAsyncDisposable
{
    private readonly PostgresServer _database = new();

    protected override string Trouble => "cannot be reached";

    protected override async Task<(string Key, string Value)[]> PrepareAsync() => [("DATABASE_URL", await _database.CreateDatabaseAsync())];

    protected override Task BeginAsync() => _database.StopAsync();

    protected override Task EndAsync() => _database.StartAgainAsync();

    public ValueTask DisposeAsync() => _database.DisposeAsync();
}

/// <summary>A file that may not grow: something else takes all the room it may have, and gives it back.</summary>
public sealed class Sqlite_StoreOutageTests : StoreOutageTests, IDisposable
{
    private readonly TempFolder _folder = new();
    private int _files;

    protected override string Trouble => "is full";

    private string FilePath => _folder.File($"candles-{_files}.db");

    protected override Task<(string Key, string Value)[]> PrepareAsync()
    {
        _files++;
        return Task.FromResult<(string, string)[]>([("Storage:SqlitePath", FilePath), ("Storage:SqliteMaxSizeMb", "1")]);
    }

    protected override Task BeginAsync() => ExecuteAsync("CREATE TABLE other (bytes BLOB); INSERT INTO other VALUES (zeroblob(2000000))");

    protected override Task EndAsync() => ExecuteAsync("DROP TABLE other");

    public void Dispose() => _folder.Dispose();

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={FilePath};Pooling=false;Default Timeout=30");
        await connection.OpenAsync(Cancel);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(Cancel);
    }
}
