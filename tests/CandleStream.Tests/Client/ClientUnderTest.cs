using System.Threading.Channels;
using CandleStream.Client;
using CandleStream.Tests.Bitfinex;

namespace CandleStream.Tests.Client;

/// <summary>
/// A client of a scripted server, in virtual time: the clock goes on only when the test says so, and only once the client waits for it.
/// </summary>
internal sealed class ClientUnderTest : IAsyncDisposable
{
    public static readonly SeriesKey Series = SeriesKey.Parse("BTCUSD:1m");

    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly Channel<CandleUpdate> _updates = Channel.CreateUnbounded<CandleUpdate>();
    private readonly Channel<(string Reason, TimeSpan Wait)> _ends = Channel.CreateUnbounded<(string, TimeSpan)>();
    private readonly CandleStreamClient _client;
    private readonly Task _following;

    /// <param name="jitter">What chance decides: 0 takes off half of a wait, 1 nothing.</param>
    /// <param name="series">What to follow; the usual one where none is named.</param>
    /// <param name="configure">Options that differ from the defaults.</param>
    public ClientUnderTest(double jitter = 1, IEnumerable<SeriesKey>? series = null, Action<CandleStreamClientOptions>? configure = null)
    {
        var options = new CandleStreamClientOptions
        {
            OnDisconnected = (reason, wait) => _ends.Writer.TryWrite((reason, wait)),
            OnReset = Resets.Add
        };
        configure?.Invoke(options);
        _client = new CandleStreamClient(new Uri("http://candles.example.org/api"), options, Clock, new FixedChance(jitter), Server);
        _following = FollowAsync(series ?? [Series]);
    }

    public VirtualClock Clock { get; } = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    public ScriptedServer Server { get; } = new();

    public List<SeriesKey> Resets { get; } = [];

    /// <summary>True when the client has handed on an update that the test has not looked at.</summary>
    public bool HasMore => _updates.Reader.TryPeek(out _);

    public bool? Simulated => _client.Simulated;

    /// <summary>Ends with what the enumeration ended with.</summary>
    public Task Following => _following;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>The next candle that the client hands on.</summary>
    public async Task<Candle> NextAsync() => (await NextUpdateAsync()).Candle;

    public async Task<CandleUpdate> NextUpdateAsync() => await _updates.Reader.ReadAsync(Cancel);

    /// <summary>Waits until a connection has ended: why, and how long the client will wait.</summary>
    public async Task<(string Reason, TimeSpan Wait)> EndedAsync() => await _ends.Reader.ReadAsync(Cancel);

    /// <summary>Waits for the end of the connection, lets the wait pass, and returns the next request.</summary>
    public async Task<ScriptedRequest> ReturnAsync()
    {
        var (_, wait) = await EndedAsync();
        return await AfterAsync(wait);
    }

    /// <summary>Lets a wait pass, once the client has begun it.</summary>
    public async Task<ScriptedRequest> AfterAsync(TimeSpan wait)
    {
        await UntilDueAsync(wait);
        Assert.False(Server.IsAsked, "it asked before its time");
        Clock.Advance(wait);
        return await Server.NextAsync();
    }

    /// <summary>
    /// Waits until the client waits for just this long: a backoff has begun, or the watchdog was set anew because an event came.
    /// </summary>
    public async Task UntilDueAsync(TimeSpan wait) => await UntilAsync(() => Clock.IsDueIn(wait));

    public static async Task UntilAsync(Func<bool> condition)
    {
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        while (!condition()) await look.WaitForNextTickAsync(Cancel);
    }

    /// <summary>Stops following, as a caller does that has had enough.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _client.Dispose();
        _stop.Dispose();
        Server.Dispose();
        Assert.False(Clock.HasTimers, "a timer is left behind");
    }

    private async Task FollowAsync(IEnumerable<SeriesKey> series)
    {
        await foreach (var update in _client.FollowAsync(series, _stop.Token)) await _updates.Writer.WriteAsync(update, Cancel);
    }

    private sealed class FixedChance(double value) : Random
    {
        public override double NextDouble() => value;
    }
}
