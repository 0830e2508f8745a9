using System.Net.ServerSentEvents;
using CandleStream.EndToEndTests.History;

namespace CandleStream.EndToEndTests.Soak;

/// <summary>Clients that come, read for a while, and break off, over and over. One in ten reads nothing at all.</summary>
internal sealed class Visitors(Uri server, int seed)
{
    private static readonly TimeSpan LongestVisit = TimeSpan.FromSeconds(10);

    private long _visits;
    private long _refused;

    /// <summary>Streams that were opened so far.</summary>
    public long Visits => Volatile.Read(ref _visits);

    /// <summary>Streams that the server did not give.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>
    /// So many at a time, until told to leave; returns when the last one has. Their connections end with them: one that was still being
    /// made when its visitor left would else stay open for the next.
    /// </summary>
    public async Task ComeAndGoAsync(int atATime, int round, CancellationToken leave)
    {
        using var http =
            new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = server, Timeout = Timeout.InfiniteTimeSpan };
        await Task.WhenAll(Enumerable.Range(0, atATime).Select(n => VisitAsync(http, new Random(HashCode.Combine(seed, round, n)), leave)));
    }

    private async Task VisitAsync(HttpClient http, Random random, CancellationToken leave)
    {
        while (!leave.IsCancellationRequested)
        {
            using var visit = CancellationTokenSource.CreateLinkedTokenSource(leave);
            visit.CancelAfter(LongestVisit * random.NextDouble());
            try
            {
                await ReadAsync(http, random, visit.Token);
            }
            catch (OperationCanceledException) when (visit.IsCancellationRequested)
            {
                // The visit is over, in the middle of whatever was under way.
            }
        }
    }

    private async Task ReadAsync(HttpClient http, Random random, CancellationToken cancel)
    {
        var series = FastMarket.Series[random.Next(FastMarket.Series.Count)];
        var path = $"/candles/stream?series={series}&snapshot={random.Next(100)}{(random.Next(2) == 0 ? "&delta=1" : "")}";
        using var answer = await http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, cancel);
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
