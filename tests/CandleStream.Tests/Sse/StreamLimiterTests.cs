using System.Net;
using CandleStream.Server.Sse;
using Microsoft.Extensions.Options;

namespace CandleStream.Tests.Sse;

public sealed class StreamLimiterTests
{
    private static readonly IPAddress Client = IPAddress.Parse("203.0.113.7");

    [Fact]
    public void One_address_gets_as_many_streams_as_it_may_and_another_still_gets_one()
    {
        var limiter = Limiter(perAddress: 2);
        Assert.True(limiter.TryEnter(Client, out _));
        Assert.True(limiter.TryEnter(Client.MapToIPv6(), out _));
        Assert.False(limiter.TryEnter(Client, out var refusal));
        Assert.Equal(2, refusal.Limit);
        Assert.True(limiter.TryEnter(IPAddress.Parse("2001:db8::1"), out _));
        limiter.Leave(Client);
        Assert.True(limiter.TryEnter(Client, out _));
    }

    [Fact]
    public void Loopback_is_not_limited_by_address()
    {
        var limiter = Limiter(perAddress: 1);
        foreach (var address in new[] { IPAddress.Loopback, IPAddress.IPv6Loopback, IPAddress.Parse("127.1.2.3"), IPAddress.Loopback.MapToIPv6() })
        {
            Assert.True(limiter.TryEnter(address, out _));
            Assert.True(limiter.TryEnter(address, out _));
        }
    }

    [Fact]
    public void A_refused_client_takes_no_place_and_who_leaves_is_forgotten()
    {
        var limiter = Limiter(perAddress: 1, streams: 2);
        Assert.True(limiter.TryEnter(Client, out _));
        for (var i = 0; i < 10; i++) Assert.False(limiter.TryEnter(Client, out _));
        Assert.True(limiter.TryEnter(IPAddress.Loopback, out _));
        Assert.False(limiter.TryEnter(IPAddress.Loopback, out var refusal));
        Assert.Equal(2, refusal.Limit);
        limiter.Leave(Client);
        Assert.Equal(0, limiter.Addresses);
        Assert.True(limiter.TryEnter(IPAddress.Loopback, out _));
    }

    private static StreamLimiter Limiter(int perAddress, int streams = 100) =>
        new(Options.Create(new SseOptions { MaxStreamsPerAddress = perAddress, MaxStreams = streams }));
}
