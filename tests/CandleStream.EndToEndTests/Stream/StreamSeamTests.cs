using Microsoft.Extensions.Time.Testing;

namespace CandleStream.EndToEndTests.Stream;

/// <summary>
/// Clients that are cut at random bytes (inside events, snapshots, resumes), come back with the id they have, add and drop series, with and
/// without deltas and rate limits, while candles form, close and are revised: all end with exactly the server's candles.
/// </summary>
public abstract class StreamSeamTests(StreamPath path)
{
    private const int Limit = 600_000;
    private static readonly string[] Names = ["BTCUSD:1m", "ETHUSD:1m", "LTCUSD:1m", "NEOUSD:1m"];

    [Fact(Timeout = Limit)]
    public async Task Clients_that_are_cut_anywhere_end_with_exactly_the_candles_of_the_server()
    {
        for (var seed = 1; seed <= TestSize.Of(normal: 3, full: 40); seed++) await RunAsync(seed);
    }

    private async Task RunAsync(int seed)
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(53));
        await using var host = await StreamHost.StartAsync(
            path, new StreamHostOptions { Time = time, Settings = { ["PendingClosedCandles"] = "40", ["SendBufferBytes"] = "8192" } });
        // What is before the first candle that the exchange told is history, which no stream sends.
        foreach (var name in Names) host.Exchange.SetSnapshot(SeriesKey.Parse(name), Some.Candle(0));
        var leases = Names.Select(n => host.Service.Open(SeriesKey.Parse(n))).ToList();
        foreach (var name in Names) await host.Exchange.FollowedAsync(SeriesKey.Parse(name));

        using var stop = new CancellationTokenSource();
        var pushing = Task.Run(() => PushAsync(host, time, new Random(seed), stop.Token), TestContext.Current.CancellationToken);
        var clients = await Task.WhenAll(Enumerable.Range(0, 8)
            .Select(n => Task.Run(() => LiveAsync(host, new Random(seed * 1000 + n), n), TestContext.Current.CancellationToken)));
        await stop.CancelAsync();
        await pushing;

        foreach (var client in clients)
        {
            await client.FinishAsync(host);
            foreach (var name in client.Series) Assert.Equal(host.Log.Of(SeriesKey.Parse(name)), client.Model.Of(name));
        }

        await Eventually.TrueAsync(() => host.Counters.Streams == 0);
        foreach (var lease in leases) lease.Dispose();
        Assert.All(host.Service.OpenSeries, hub => Assert.Equal(0, hub.Subscribers));
        host.Errors.AssertNone();
    }

    private static async Task<CutClient> LiveAsync(StreamHost host, Random random, int n)
    {
        var options = (n % 4) switch { 1 => "&delta=1", 2 => "&max_rate=5&delta=1", 3 => "&max_rate=0", _ => "" };
        var client = new CutClient(options);
        for (var life = 0; life < 12; life++)
        {
            if (client.Series.Length == 0 || random.Next(3) == 0)
                client.Choose([.. Names.Where(_ => random.Next(2) == 0).DefaultIfEmpty(Names[n % Names.Length])]);
            await client.LiveAsync(host, random.Next(random.Next(2) == 0 ? 1500 : 40_000), random.Next(2) == 0);
        }

        return client;
    }

    private static async Task PushAsync(StreamHost host, FakeTimeProvider time, Random random, CancellationToken stop)
    {
        var minute = new int[Names.Length];
        using var beat = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        for (var step = 1; !stop.IsCancellationRequested; step++)
        {
            for (var burst = random.Next(1, 12); burst > 0; burst--)
            {
                var i = random.Next(Names.Length);
                var series = SeriesKey.Parse(Names[i]);
                var kind = random.Next(12);
                if (kind == 0 && minute[i] < 950) minute[i]++;
                var at = kind == 1 ? Math.Max(0, minute[i] - random.Next(5)) : minute[i];
                host.Exchange.Push(series, Some.Candle(at, random.Next(1_000_000)));
            }

            if (random.Next(4) == 0) time.Advance(TimeSpan.FromMilliseconds(random.Next(1500)));
            await beat.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private sealed class CutClient(string options)
    {
        private string? _lastEventId;
        private bool _isNewSeries;

        public string[] Series { get; private set; } = [];

        public ClientModel Model { get; } = new();

        /// <summary>Takes other series: of a new one it knows nothing, so it asks for the snapshot once more.</summary>
        public void Choose(string[] series)
        {
            _isNewSeries |= series.Except(Series).Any();
            Series = series;
        }

        /// <summary>One connection, cut after so many bytes.</summary>
        public async Task LiveAsync(StreamHost host, int bytes, bool abort)
        {
            using var client = await ConnectAsync(host);
            // As many events, whatever they are sent as.
            var events = await client.ReadBytesAsync(host.IsGzip ? bytes / 6 : bytes);
            Apply(client, events);
            if (abort) client.Abort();
        }

        /// <summary>The last connection: up to synced, after which nothing is published any more.</summary>
        public async Task FinishAsync(StreamHost host)
        {
            using var client = await ConnectAsync(host);
            var events = new List<SseEvent>();
            do events.Add(await client.TryNextAsync() ?? throw new InvalidOperationException("The stream ended."));
            while (events[^1].Type != "synced");
            Apply(client, events);
        }

        private async Task<RawClient> ConnectAsync(StreamHost host)
        {
            Model.Connect(Series);
            var snapshot = _lastEventId is null || _isNewSeries ? "&snapshot=1000" : "";
            return await RawClient.OpenAsync(host, $"?series={string.Join(',', Series)}{snapshot}{options}", _lastEventId);
        }

        private void Apply(RawClient client, List<SseEvent> events)
        {
            foreach (var e in events) Model.Apply(e);
            if (events.Any(e => e.Type == "synced")) _isNewSeries = false;
            _lastEventId = client.LastEventId ?? _lastEventId;
        }
    }
}

public sealed class Direct_socket_StreamSeamTests() : StreamSeamTests(StreamPath.DirectSocket);

public sealed class Batched_StreamSeamTests() : StreamSeamTests(StreamPath.Batched);

public sealed class Body_writer_StreamSeamTests() : StreamSeamTests(StreamPath.BodyWriter);

public sealed class TLS_StreamSeamTests() : StreamSeamTests(StreamPath.Tls);

public sealed class Nginx_StreamSeamTests() : StreamSeamTests(StreamPath.Nginx);

public sealed class Gzip_StreamSeamTests() : StreamSeamTests(StreamPath.Gzip);

public sealed class Gzip_batched_StreamSeamTests() : StreamSeamTests(StreamPath.GzipBatched);

public sealed class Gzip_TLS_StreamSeamTests() : StreamSeamTests(StreamPath.GzipTls);
