using System.Net.ServerSentEvents;
using CandleStream.Simulator;

namespace CandleStream.EndToEndTests.Server;

/// <summary>However many clients a series has, the exchange sees one subscription, and it ends with the last client.</summary>
public sealed class SharedSubscriptionTests
{
    private const int Clients = 100;

    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(1);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory(Timeout = 180_000)]
    [InlineData("true")]
    [InlineData("false")]
    public async Task A_hundred_clients_cost_one_subscription_which_ends_once_after_the_last_of_them(string directSockets)
    {
        await using var exchange = await BitfinexSimulator.StartAsync(new SimulatorOptions { Seed = 7, Symbols = ["BTCUSD"] }, Cancel);

        // The socket outlives its last channel, so that a channel closed in the simulator's log was closed by an unsubscribe.
        await using var server = await RunningServer.StartAsync(
            exchange.WebSocketUrl,
            exchange.RestUrl,
            null,
            ("Streaming:DirectSockets", directSockets),
            ("Streaming:Linger", Linger.ToString()),
            ("Bitfinex:EmptySocketLinger", "00:00:50"));

        // Without draining, a client that leaves closes its connection at once.
        using var http =
            new HttpClient(new SocketsHttpHandler { ResponseDrainTimeout = TimeSpan.Zero }) { BaseAddress = server.Client.BaseAddress };
        var clients = await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => LiveAsync(http)));
        await server.Client.UntilAsync("/candles/stream/status", status => (int)status["total_subscribers"]! == Clients);
        var subscribed = Assert.Single(exchange.Connections.Changes);
        Assert.True(subscribed.Subscribed);

        foreach (var client in clients[1..]) await client.DisposeAsync();
        await server.Client.UntilAsync("/candles/stream/status", status => (int)status["total_subscribers"]! == 1);
        await NextCandleAsync(clients[0]);
        Assert.Single(exchange.Connections.Changes);

        var left = DateTimeOffset.UtcNow;
        await clients[0].DisposeAsync();
        await Stream.Eventually.TrueAsync(() => exchange.Connections.Changes.Count > 1);
        await server.Client.UntilAsync("/candles/stream/status", status => (int)status["active_streams"]! == 0);

        Assert.Equal(2, exchange.Connections.Changes.Count);
        var unsubscribed = exchange.Connections.Changes[1];
        Assert.Equal((false, subscribed.ChannelId, subscribed.Key), (unsubscribed.Subscribed, unsubscribed.ChannelId, unsubscribed.Key));
        Assert.True(unsubscribed.At - left >= Linger * 0.9,
            $"unsubscribed {unsubscribed.At - left} after the last client left, before the linger of {Linger}");
        Assert.Single(exchange.Connections.Connects);
        Assert.Empty(Assert.Single(exchange.Subscriptions).Channels);
    }

    /// <summary>A client that has joined and got a live candle.</summary>
    private static async Task<IAsyncEnumerator<SseItem<string>>> LiveAsync(HttpClient http)
    {
        var events = http.EventsAsync("/candles/stream?symbol=BTCUSD&timeframe=1m").GetAsyncEnumerator(Cancel);
        await NextCandleAsync(events);
        return events;
    }

    private static async Task NextCandleAsync(IAsyncEnumerator<SseItem<string>> events)
    {
        do Assert.True(await events.MoveNextAsync(), "The stream ended.");
        while (events.Current.EventType != "message");
    }
}
