namespace CandleStream.Tests.Truth;

/// <summary>How a store fails.</summary>
internal enum StoreFault
{
    /// <summary>Nothing can be read or written, nor the store be opened.</summary>
    Down,

    /// <summary>It can be read, and takes nothing.</summary>
    Full,

    /// <summary>Everything takes seconds.</summary>
    Slow,

    /// <summary>What is written is there, and the answer that it is gets lost.</summary>
    Uncertain,

    /// <summary>The next server cannot open it for a while.</summary>
    Closed,

    /// <summary>The database itself is in trouble, see <see cref="DatabaseTrouble"/>.</summary>
    Troubled,
}

/// <summary>Lets the store of a run fail at random, one way at a time; outlives the servers that use it.</summary>
internal sealed class StoreStorm(Random random, IReadOnlyList<StoreFault> kinds, DatabaseTrouble trouble, TimeProvider time)
    : IAsyncDisposable
{
    private const int ShortestMs = 2_000;
    private const int LongestMs = 400_000;
    private const int LongestDelayMs = 15_000;

    private readonly List<StoreFault> _struck = [];
    private StoreFault _kind;
    private DateTimeOffset _until = DateTimeOffset.MinValue;
    private int _underWay;

    /// <summary>
    /// True while a database works on something without the clock: PostgreSQL answers over a socket, which no look at our threads shows.
    /// Also while a server starts or stops: time must not run on meanwhile.
    /// </summary>
    public bool IsBusy => Volatile.Read(ref _underWay) > 0;

    /// <summary>How the store fails now; null while it works.</summary>
    public StoreFault? Present => time.GetUtcNow() < _until ? _kind : null;

    /// <summary>How long each call takes while it is slow.</summary>
    public TimeSpan Delay { get; private set; }

    public string History => string.Join(' ', _struck);

    public async Task StrikeAsync()
    {
        if (kinds.Count == 0 || Present is not null) return;
        _kind = kinds[random.Next(kinds.Count)];
        _until = time.GetUtcNow().AddMilliseconds(random.Next(ShortestMs, LongestMs));
        Delay = TimeSpan.FromMilliseconds(random.Next(10, LongestDelayMs));
        _struck.Add(_kind);
        if (_kind == StoreFault.Troubled) await trouble.BeginAsync();
    }

    /// <summary>After each step: what lasts in the database itself ends when its time is over.</summary>
    public Task PassAsync() => Present is null ? trouble.EndAsync() : Task.CompletedTask;

    public Task ClearAsync()
    {
        _until = DateTimeOffset.MinValue;
        return trouble.EndAsync();
    }

    /// <summary>Lets the database do something, which time waits for.</summary>
    public async Task<T> RunAsync<T>(Func<Task<T>> call)
    {
        Interlocked.Increment(ref _underWay);
        try
        {
            return await call();
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
        }
    }

    public ValueTask DisposeAsync() => trouble.DisposeAsync();
}
