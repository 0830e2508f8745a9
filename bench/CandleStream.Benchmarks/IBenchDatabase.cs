
namespace CandleStream.Benchmarks;

/// <summary>A database under the bench, and what its own tools and its bare driver need for the same work.</summary>
internal interface IBenchDatabase : IAsyncDisposable
{
    string Name { get; }

    /// <summary>The file, for SQLite.</summary>
    string? SqlitePath { get; }

    /// <summary>The DATABASE_URL, for PostgreSQL.</summary>
    string? Url { get; }

    /// <summary>Removes every table.</summary>
    Task DropAsync();

    /// <summary>Imports a CSV file into the store's candle table with the database's own tool.</summary>
    Task ImportAsync(string csv);

    /// <summary>Brings the planner's statistics up to date, as a database in use has them.</summary>
    Task AnalyzeAsync();

    /// <summary>Reads the newest candles of series 1 with the driver alone: prepared, all columns taken as the driver gives them.</summary>
    Task BareLatestAsync(int rows);

    /// <summary>Lets the database's own tool write the newest candles of series 1 as JSON.</summary>
    Task JsonAsync(int rows);

    /// <summary>Bytes on disk of the candle table and its indexes.</summary>
    Task<long> SizeAsync();

    /// <summary>Makes the operating system forget what it holds of the files, and leaves it to the database what it holds itself.</summary>
    Task ForgetAsync();
}
