using System.Net.ServerSentEvents;
using CandleStream.EndToEndTests.History;

namespace CandleStream.EndToEndTests.Soak;

/// <summary>Clients that come, read for a while, and break off, over and over. One in ten reads nothing at all.</summary>
internal sealed class Visitors : IAsyncDisposable
{
    private static readonly TimeSpan LongestVisit = TimeSpan.FromSeconds(10);

    private readonly HttpClient _http;
    private readonly int _seed;
    private long _visits;
    private long _refused;

    public Visitors(Uri server, int seed)
    {
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = server, Timeout = Timeout.InfiniteTimeSpan };
        _seed = seed;
    }

    /// <summary>Streams that were opened so far.</summary>
    public long Visits => Volatile.Read(ref _visits);

    /// <summary>Streams that the server did not give.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>So many at a time, until told to leave; returns when the last one has.</summary>
    public Task ComeAndGoAsync(int atATime, int round, CancellationToken leave) =>
        Task.WhenAll(Enumerable.Range(0, atATime).Select(n => VisitAsync(new Random(HashCode.Combine(_seed, round, n)), leave)));

    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        return default;
    }

    private async Task VisitAsync(Random random, CancellationToken leave)
    {
        while (!leave.IsCancellationRequested)
        {
            using var visit = CancellationTokenSource.CreateLinkedTokenSource(leave);
            visit.CancelAfter(LongestVisit * random.NextDouble());
            try
            {
                await ReadAsync(random, visit.Token);
            }
            catch (OperationCanceledException) when (visit.IsCancellationRequested)
            {
                // The visit is over, in the middle of whatever was under way.
            }
        }
    }

    private async Task ReadAsync(Random random, CancellationToken cancel)
    {
        var series = FastMarket.Series[random.Next(FastMarket.Series.Count)];
        var path = $"/candles/stream?series={series}&snapshot={random.Next(100)}{(random.Next(2) == 0 ? "&delta=1" : "")}";
        using var answer = await _http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, cancel);
        if (!answer.IsSuccessStatusCode) Interlocked.Increment(ref _refused);
        answer.EnsureSuccessStatusCode();
        Interlocked.Increment(ref _visits);
        await using var body = await answer.Content.ReadAsStreamAsync(cancel);
        // One in ten reads nothing until the visit is over.
        if (random.Next(10) == 0) await new TaskCompletionSource().Task.WaitAsync(cancel);
        var events = random.Next(5, 100);
        await foreach (var _ in SseParser.Create(body).EnumerateAsync(cancel))
        {
            if (--events == 0) return;
        }
    }
}
