using Microsoft.Extensions.Time.Testing;

namespace CandleStream.EndToEndTests.Stream;

/// <summary>
/// A reader that joins and stalls, on a server with small buffers. No time passes there but what the test lets pass: however slow the
/// machine is, nobody is ended for it.
/// </summary>
internal static class StalledReader
{
    public const int SmallBuffer = 4096;

    // A proxy's clock is the machine's: at the limit of its recipe it would end the stalled stream, and then nothing is conflated for
    // anybody.
    private static readonly TimeSpan ProxyLimit = TimeSpan.FromHours(1);

    public static Task<StreamHost> StartAsync(StreamPath path, Dictionary<string, string?>? settings = null, FakeTimeProvider? time = null)
    {
        settings = new(settings ?? []) { ["SendBufferBytes"] = SmallBuffer.ToString(System.Globalization.CultureInfo.InvariantCulture) };
        return StreamHost.StartAsync(path, new StreamHostOptions
        {
            Settings = settings,
            Time = time ?? new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(53)),
            ProxyTimeLimit = ProxyLimit
        });
    }

    /// <summary>Joined, and from there on not reading.</summary>
    public static async Task<RawClient> OpenAsync(StreamHost host, ClientModel? model = null)
    {
        host.Exchange.SetSnapshot(Some.Btc, Some.Candle(0));
        var slow = await RawClient.OpenAsync(host, "?series=BTCUSD:1m", receiveBuffer: SmallBuffer);
        model ??= new ClientModel();
        model.Connect(["BTCUSD:1m"]);
        for (SseEvent? e = null; e?.Type != "synced"; model.Apply(e)) e = await slow.TryNextAsync()
            ?? throw new InvalidOperationException("The stream ended.");
        return slow;
    }

    /// <summary>
    /// Publishes until the stalled reader misses some; how much that was. A reader that keeps up beats the time, so that nothing but a full
    /// socket can be the reason: it is the only other one, and what it has not read is never as much as is conflated.
    /// </summary>
    public static async Task<int> PushUntilConflatedAsync(StreamHost host)
    {
        await using var quick = await SseClient.OpenAsync(host, "?series=BTCUSD:1m");
        await quick.JoinAsync();
        var (pushed, streams) = (0, host.Counters.Streams);
        while (host.Counters.Of(Some.Btc).Conflated < 100)
        {
            Assert.True(host.Counters.Streams >= streams,
                $"The stalled reader's stream has ended after {pushed} candles, before any was conflated for it: {host.Proxy?.Log}");
            for (var i = 0; i < 100; i++) host.Exchange.Push(Some.Btc, Some.Candle(0, ++pushed));
            var last = Some.Candle(0, pushed).Close;
            await quick.CandlesUntilAsync(e => e.Data.GetProperty("close").GetDecimal() == last);
        }

        return pushed;
    }
}
