namespace CandleStream.Tests.Storage;

public sealed class SqliteCandleStoreTests : CandleStoreSuite
{
    protected override Task<TestDatabase> CreateDatabaseAsync() => Task.FromResult(TestDatabase.Sqlite());
}

public sealed class PostgresCandleStoreTests(PostgresServer server) : CandleStoreSuite
{
    protected override Task<TestDatabase> CreateDatabaseAsync() => TestDatabase.PostgresAsync(server);
}
