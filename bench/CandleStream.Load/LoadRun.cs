using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;

namespace CandleStream.Load;

/// <summary>One measurement: connect, warm up, measure, report.</summary>
internal sealed class LoadRun(LoadOptions options)
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly TaskCompletionSource _measured = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _fromUs = long.MaxValue;
    private long _toUs = long.MaxValue;
    private int _churned;
    private int _churnFailed;

    public static long NowUs => (DateTime.UtcNow.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    public LatencyHistogram Latency { get; } = new();

    public bool IsMeasuring => NowUs >= Volatile.Read(ref _fromUs) && !_measured.Task.IsCompleted;

    /// <summary>Completes when the measurement is over.</summary>
    public Task Measured => _measured.Task;

    public bool IsWithin(long rev) => rev >= Volatile.Read(ref _fromUs) && rev < Volatile.Read(ref _toUs);

    public async Task<string> RunAsync(CancellationToken cancel)
    {
        var server = new ServerProbe(options.Pids);
        var memoryBefore = server.ResidentKb();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var connections = await ConnectAsync(stop.Token);
        var reading = connections.Select(c => Task.Run(() => c.ReadAsync(stop.Token), CancellationToken.None)).ToList();
        var (descriptors, runners) = (server.Descriptors(), server.Threads());
        var churning = ChurnAsync(stop.Token);
        await Task.Delay(options.Warmup, cancel);
        var churnedBefore = _churned;
        var threadsBefore = server.CpuByThread();
        var cpuBefore = server.Cpu();
        Volatile.Write(ref _fromUs, NowUs);
        var clock = Stopwatch.StartNew();
        await Task.Delay(options.Duration, cancel);
        Volatile.Write(ref _toUs, NowUs);
        var cpu = server.Cpu() - cpuBefore;
        var threads = server.CpuByThread();
        var memoryAfter = server.ResidentKb();
        var seconds = clock.Elapsed.TotalSeconds;
        var churned = _churned - churnedBefore;

        // What was published in time may still be on its way.
        await Task.Delay(TimeSpan.FromSeconds(2), cancel);
        _measured.SetResult();
        // Who stalled reads what is left, up to the end that the server has made meanwhile.
        if (connections.Any(c => c.Stalls)) await Task.Delay(TimeSpan.FromSeconds(2), cancel);
        await stop.CancelAsync();
        await Task.WhenAll(reading);
        await churning;
        // The measured connections are still open, the visitors' are not.
        await Task.Delay(TimeSpan.FromSeconds(1), cancel);
        var grown = new Growth(memoryAfter - memoryBefore, server.Descriptors() - descriptors, server.Threads() - runners);
        var report = Report(connections, cpu, seconds, churned, grown,
            threads.ToDictionary(t => t.Key, t => t.Value - threadsBefore.GetValueOrDefault(t.Key)));
        foreach (var connection in connections) connection.Dispose();
        return report;
    }

    private async Task<List<LoadConnection>> ConnectAsync(CancellationToken cancel)
    {
        var endpoint = new IPEndPoint(IPAddress.Parse(options.Url.Host), options.Url.Port);
        var stalled = (int)(options.Connections * options.Stalled);
        var connections = new List<LoadConnection>(options.Connections);
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < options.Connections; i++)
        {
            var due = TimeSpan.FromSeconds((double)i / options.ConnectRate) - clock.Elapsed;
            if (due > TimeSpan.FromMilliseconds(5)) await Task.Delay(due, cancel);
            var connection = new LoadConnection(this, i % options.Series, stalls: i < stalled);
            await connection.ConnectAsync(endpoint, PathOf(connection.Series), SourceOf(i), cancel);
            connections.Add(connection);
        }

        return connections;
    }

    private async Task ChurnAsync(CancellationToken cancel)
    {
        if (options.Churn == 0) return;
        var endpoint = new IPEndPoint(IPAddress.Parse(options.Url.Host), options.Url.Port);
        // Timers tick every few milliseconds only: as many come at each tick as are due by then.
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        var clock = Stopwatch.StartNew();
        try
        {
            while (await timer.WaitForNextTickAsync(cancel))
            {
                while (_churned < clock.Elapsed.TotalSeconds * options.Churn) _ = VisitAsync(endpoint, _churned++, cancel);
            }
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
    }

    // Comes, reads for a second, leaves.
    private async Task VisitAsync(IPEndPoint endpoint, int number, CancellationToken cancel)
    {
        using var connection = new LoadConnection(this, number % options.Series, stalls: false);
        try
        {
            await connection.ConnectAsync(endpoint, PathOf(connection.Series), SourceOf(number), cancel);
            using var leave = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            leave.CancelAfter(TimeSpan.FromSeconds(1));
            await connection.ReadAsync(leave.Token);
            if (!connection.IsSynced || connection.Malformed > 0) Interlocked.Increment(ref _churnFailed);
        }
        catch (Exception e) when (e is System.Net.Sockets.SocketException or OperationCanceledException)
        {
            if (!cancel.IsCancellationRequested) Interlocked.Increment(ref _churnFailed);
        }
    }

    private string PathOf(int series) => string.Format(CultureInfo.InvariantCulture, options.Path, series);

    private IPAddress SourceOf(int number) => new([127, 0, 0, (byte)(1 + number % options.Sources)]);

    private string Report(
        List<LoadConnection> connections, double cpu, double seconds, int churned, Growth grown, Dictionary<string, double> threads)
    {
        var delivered = connections.Sum(c => (long)c.Measured);
        var stalled = connections.Where(c => c.Stalls).ToList();
        // Of one series everybody must have got as many as whoever got most.
        var readers = connections.Where(c => c.Malformed == 0 && !c.WasEnded && !c.Stalls).ToList();
        var missing = readers.GroupBy(c => c.Series).Sum(g => g.Sum(c => (long)(g.Max(m => m.Measured) - c.Measured)));
        return JsonSerializer.Serialize(
            new
            {
                options.Connections,
                options.Series,
                Seconds = Math.Round(seconds, 2),
                Delivered = delivered,
                PerSecond = Math.Round(delivered / seconds),
                Missing = missing,
                Unordered = connections.Sum(c => c.Unordered),
                Malformed = connections.Sum(c => c.Malformed),
                Ended = connections.Count(c => c.WasEnded && !c.Stalls),
                Stalled = stalled.Count,
                StalledEnded = stalled.Count(c => c.WasEnded),
                Refused = connections.Count(c => c.Status is not 200),
                P50Ms = Latency.PercentileMs(0.5),
                P99Ms = Latency.PercentileMs(0.99),
                P999Ms = Latency.PercentileMs(0.999),
                CpuUsPerEvent = Math.Round(cpu * 1e6 / Math.Max(1, delivered), 2),
                CpuSeconds = Math.Round(cpu, 2),
                KbPerConnection = Math.Round((double)grown.MemoryKb / options.Connections, 1),
                Churned = churned,
                ChurnFailed = _churnFailed,
                DescriptorsGrown = grown.Descriptors,
                ThreadsGrown = grown.Threads,
                CpuByThread = threads.Where(t => t.Value > 0).OrderByDescending(t => t.Value).Take(8)
                    .ToDictionary(t => t.Key, t => Math.Round(t.Value, 2)),
            },
            Json);
    }

    /// <summary>What the server has more of than before.</summary>
    private sealed record Growth(long MemoryKb, int Descriptors, long Threads);
}
