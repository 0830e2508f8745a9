using System.Net;
using CandleStream.EndToEndTests.Stream;

namespace CandleStream.EndToEndTests.Shutdown;

/// <summary>Thousands of clients, spread over some series, that connect together and stay until the server ends them.</summary>
internal sealed class StreamCrowd(int size, IReadOnlyList<SeriesKey> series) : IAsyncDisposable
{
    /// <summary>Connections under way at a time: more would overflow what the system lets wait for a server to accept.</summary>
    private const int AtOnce = 200;

    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private Task[] _reading = [];

    /// <summary>The size for what this test run is to show.</summary>
    public static int DefaultSize => TestSize.Of(normal: 500, full: 10_000);

    public IReadOnlyList<CrowdClient> Clients { get; } =
        [.. Enumerable.Range(0, size).Select(i => new CrowdClient(series[i % series.Count]))];

    /// <summary>Connects everybody and waits until everybody has joined.</summary>
    public async Task ConnectAsync(Uri server)
    {
        var address = new IPEndPoint(IPAddress.Loopback, server.Port);
        var reading = new Task[Clients.Count];
        await Parallel.ForAsync(
            0, Clients.Count, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = _stop.Token }, async (i, cancel) =>
        {
            var socket = await Clients[i].ConnectAsync(address, cancel);
            reading[i] = ReadAsync(Clients[i], socket);
        });
        _reading = reading;
        await UntilAsync(client => client.Joined is not null);
    }

    /// <summary>Waits until something is true of everybody; nobody may be cut meanwhile.</summary>
    public async Task UntilAsync(Func<CrowdClient, bool> condition)
    {
        foreach (var client in Clients) await Eventually.TrueAsync(() => condition(client) || _reading.Any(r => r.IsCompleted));
        var cut = _reading.Where(r => r.IsCompleted).ToList();
        await Task.WhenAll(cut);
        Assert.Empty(cut);
    }

    /// <summary>Waits until everybody's connection has ended; throws what anybody found wrong.</summary>
    public Task EndedAsync() => Task.WhenAll(_reading).WaitAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task ReadAsync(CrowdClient client, System.Net.Sockets.Socket socket)
    {
        using (socket) await client.ReadAsync(socket, _stop.Token);
    }
}
