using System.ComponentModel.DataAnnotations;

namespace CandleStream.Storage;

/// <summary>
/// Section <c>Storage</c>: where candles are kept. PostgreSQL is chosen by the environment variable <c>DATABASE_URL</c>; the rest is here.
/// </summary>
public sealed class StorageOptions : IValidatableObject
{
    /// <summary>
    /// The SQLite file, used where <c>DATABASE_URL</c> is not set; it and its folder are created. Relative to the working directory.
    /// Default: <c>data/candles.db</c>.
    /// </summary>
    [Required(AllowEmptyStrings = false)]
    public string SqlitePath { get; set; } = "data/candles.db";

    /// <summary>
    /// The largest size of the SQLite file, in MiB; beyond it the store counts as full: streaming goes on, the missing ranges are marked. 0
    /// = as large as the disk allows. Default: 0.
    /// </summary>
    [Range(0, 16_000_000)]
    public int SqliteMaxSizeMb { get; set; }

    /// <summary>
    /// How long a write waits for another process (a command beside the server) that is writing to the same SQLite file; then the store
    /// counts as unavailable. Default: 5 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00")]
    public TimeSpan BusyTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a connection to PostgreSQL may take to come up. Default: 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long one statement on PostgreSQL may take; then the store counts as unavailable. Default: 60 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How long the server waits at start for the lock of another server on the same PostgreSQL database, which may just be ending; then it
    /// refuses. Default: 3 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:05:00")]
    public TimeSpan LockWait { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>Connections to PostgreSQL, at most; a further reader waits for a free one. Default: 20.</summary>
    [Range(2, 1000)]
    public int MaxConnections { get; set; } = 20;

    /// <summary>
    /// The longest time a closed candle waits for others to be written with it. Default: 500 ms (the protocol promises 1 s).
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:00:01")]
    public TimeSpan FlushInterval { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Candles written in one transaction by the live writer; that many waiting are written at once. Default: 500.</summary>
    [Range(1, 100_000)]
    public int BatchRows { get; set; } = 500;

    /// <summary>
    /// Candles written in one transaction by backfill and import; from here on PostgreSQL takes them by COPY. Default: 10 000.
    /// </summary>
    [Range(100, 1_000_000)]
    public int ImportBatchRows { get; set; } = 10_000;

    /// <summary>
    /// Candles held in memory while the store is unavailable; when full, their ranges are marked as gaps instead, to be fetched from the
    /// exchange again. Default: 100 000 (about 20 MB).
    /// </summary>
    [Range(100, 10_000_000)]
    public int BufferCandles { get; set; } = 100_000;

    /// <summary>
    /// How long candles are kept, by timeframe, counted back from the newest candle of the series:
    /// <c>"Retention": { "1m": "90.00:00:00" }</c>. A timeframe that is not listed is kept for ever. Default: empty (off).
    /// </summary>
    public Dictionary<string, TimeSpan> Retention { get; } = [];

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var (timeframe, span) in Retention)
        {
            if (!Timeframe.TryParse(timeframe, out _)) yield return new ValidationResult(
                $"'{timeframe}' is not a timeframe; there are: {string.Join(", ", Timeframe.All)}.", [nameof(Retention)]);
            else if (span <= TimeSpan.Zero)
                yield return new ValidationResult($"{timeframe} must be kept for longer than {span}.", [nameof(Retention)]);
        }
    }
}
