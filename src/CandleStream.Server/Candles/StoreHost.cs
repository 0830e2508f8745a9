using CandleStream.Storage;

namespace CandleStream.Server.Candles;

/// <summary>Whose candles the store holds: the exchange's host, or the simulator and its seed.</summary>
internal sealed record StoreSource(string Text)
{
    private const string Simulator = "simulator ";

    /// <summary>True where no price of the store is real.</summary>
    public bool IsSimulated => Text.StartsWith(Simulator, StringComparison.Ordinal);

    public static StoreSource OfSimulator(long seed) => new($"{Simulator}seed {seed}");
}

/// <summary>
/// Opens the store at start and runs its writer. A store that refuses stops the start; one that cannot be reached is tried again until it
/// can, while the server streams and holds what is to be saved.
/// </summary>
internal sealed partial class StoreHost(
    ICandleStore store, CandleWriter writer, StoreSource source, ExchangeSources sources, RevCounter revs,
    IHostApplicationLifetime lifetime, TimeProvider time, ILogger<StoreHost> logger)
    : IHostedService, IDisposable
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stopping = new();
    private Task _opening = Task.CompletedTask;
    private Task _writing = Task.CompletedTask;

    // Written by the opening; any thread may read it.
    private volatile string? _closedBecause = "not opened yet.";

    /// <summary>Why candles cannot be kept now; null while they can.</summary>
    public string? Trouble => _closedBecause ?? writer.Failure;

    /// <exception cref="StoreRefusedException">The store cannot be used by this server.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!await TryOpenAsync(cancellationToken)) _opening = KeepOpeningAsync(_stopping.Token);
        _writing = writer.RunAsync(_stopping.Token);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        // The writer saves what waits as it ends.
        await Task.WhenAll(_opening, _writing).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => _stopping.Dispose();

    private async Task<bool> TryOpenAsync(CancellationToken cancel)
    {
        try
        {
            await store.OpenAsync(source.Text, exclusive: true, cancel);
            await sources.CheckAsync(store, cancel);
            revs.StartAbove(await StoredRevs.ReadAsync(store, LogDeleted, cancel));
            _closedBecause = null;
            return true;
        }
        catch (StoreUnavailableException e)
        {
            if (_closedBecause != e.Message) LogUnavailable(e.Message);
            _closedBecause = e.Message;
            return false;
        }
    }

    private async Task KeepOpeningAsync(CancellationToken stopping)
    {
        try
        {
            var wait = FirstRetry;
            do
            {
                await Task.Delay(wait, time, stopping);
                wait = wait * 2 < LongestRetry ? wait * 2 : LongestRetry;
            }
            while (!await TryOpenAsync(stopping));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The server stops: the expected end.
        }
        catch (StoreRefusedException e)
        {
            // Known too late to refuse the start: candles of this server do not belong there, and waiting will not change it.
            LogRefused(e.Message);
            Environment.ExitCode = 1;
            lifetime.StopApplication();
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The store cannot be opened: {Reason} Streaming goes on, and opening is tried again.")]
    private partial void LogUnavailable(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{What}")]
    private partial void LogDeleted(string what);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The store refuses this server, which stops: {Reason}")]
    private partial void LogRefused(string reason);
}
