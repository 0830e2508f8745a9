namespace CandleStream.Tests.Storage;

public sealed class SqliteCandleStoreTests : CandleStoreSuite
{
    protected override Task<TestDatabase> CreateDatabaseAsync() => Task.FromResult(TestDatabase.Sqlite());
}

public sealed class PostgresCandleStoreTests(PostgresServer server) : CandleStoreSuite
{
    protected override Task<TestDatabase> CreateDatabaseAsync() => TestDatabase.PostgresAsync(server);
}

public sealed class SqliteCoverageTests : StoreCoverageSuite
{
    protected override Task<TestDatabase> CreateDatabaseAsync() => Task.FromResult(TestDatabase.Sqlite());
}

public sealed class PostgresCoverageTests(PostgresServer server) : StoreCoverageSuite
{
    protected override Task<TestDatabase> CreateDatabaseAsync() => TestDatabase.PostgresAsync(server);
}

public sealed class SqliteConcurrencyTests : StoreConcurrencySuite
{
    protected override Task<TestDatabase> CreateDatabaseAsync() => Task.FromResult(TestDatabase.Sqlite());
}

public sealed class PostgresConcurrencyTests(PostgresServer server) : StoreConcurrencySuite
{
    protected override Task<TestDatabase> CreateDatabaseAsync() => TestDatabase.PostgresAsync(server);
}

public sealed class SqliteOpeningTests : StoreOpeningSuite
{
    protected override Task<TestDatabase> CreateDatabaseAsync() => Task.FromResult(TestDatabase.Sqlite());
}

public sealed class PostgresOpeningTests(PostgresServer server) : StoreOpeningSuite
{
    protected override Task<TestDatabase> CreateDatabaseAsync() => TestDatabase.PostgresAsync(server);
}

public sealed class SqliteKillTests : StoreKillSuite
{
    protected override Task<TestDatabase> CreateDatabaseAsync() => Task.FromResult(TestDatabase.Sqlite());
}

public sealed class PostgresKillTests(PostgresServer server) : StoreKillSuite
{
    protected override Task<TestDatabase> CreateDatabaseAsync() => TestDatabase.PostgresAsync(server);
}
