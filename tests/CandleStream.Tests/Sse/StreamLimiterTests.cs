using System.Net;
using CandleStream.Server.Access;
using CandleStream.Server.Streams;
using CandleStream.Server.Streams.Sending;
using Microsoft.Extensions.Options;

namespace CandleStream.Tests.Sse;

public sealed class StreamLimiterTests
{
    private static readonly ClientShare Client = Share("203.0.113.7");

    [Fact]
    public void One_address_gets_as_many_streams_as_it_may_and_another_still_gets_one()
    {
        var limiter = Limiter(perAddress: 2);
        Assert.True(limiter.TryEnter(Client, out _));
        Assert.True(limiter.TryEnter(ClientShare.Of(IPAddress.Parse("203.0.113.7").MapToIPv6()), out _));
        Assert.False(limiter.TryEnter(Client, out var refusal));
        Assert.Equal(2, refusal.Limit);
        Assert.True(limiter.TryEnter(Share("2001:db8::1"), out _));
        limiter.Leave(Client);
        Assert.True(limiter.TryEnter(Client, out _));
    }

    [Fact]
    public void Loopback_is_not_limited_by_address()
    {
        var limiter = Limiter(perAddress: 1);
        foreach (var address in new[] { IPAddress.Loopback, IPAddress.IPv6Loopback, IPAddress.Parse("127.1.2.3"),
            IPAddress.Loopback.MapToIPv6() })
        {
            Assert.True(limiter.TryEnter(ClientShare.Of(address), out _));
            Assert.True(limiter.TryEnter(ClientShare.Of(address), out _));
        }
    }

    [Fact]
    public void A_refused_client_takes_no_place_and_who_leaves_is_forgotten()
    {
        var limiter = Limiter(perAddress: 1, streams: 2);
        Assert.True(limiter.TryEnter(Client, out _));
        for (var i = 0; i < 10; i++) Assert.False(limiter.TryEnter(Client, out _));
        Assert.True(limiter.TryEnter(ClientShare.Of(IPAddress.Loopback), out _));
        Assert.False(limiter.TryEnter(ClientShare.Of(IPAddress.Loopback), out var refusal));
        Assert.Equal(2, refusal.Limit);
        limiter.Leave(Client);
        Assert.Equal(0, limiter.Shares);
        Assert.True(limiter.TryEnter(ClientShare.Of(IPAddress.Loopback), out _));
    }

    [Fact]
    public void All_addresses_of_one_ipv6_network_share_its_places()
    {
        var limiter = Limiter(perAddress: 1);
        Assert.True(limiter.TryEnter(Share("2001:db8:0:1::1"), out _));
        Assert.False(limiter.TryEnter(Share("2001:db8:0:1:ffff::2"), out _));
        Assert.True(limiter.TryEnter(Share("2001:db8:0:2::1"), out _));
    }

    [Fact]
    public void A_key_has_places_of_its_own_on_loopback_too()
    {
        var limiter = Limiter(perAddress: 1, perKey: 2);
        var key = new ClientShare("charts", null);
        Assert.True(limiter.TryEnter(key, out _));
        Assert.True(limiter.TryEnter(key, out _));
        Assert.False(limiter.TryEnter(key, out var refusal));
        Assert.Equal(2, refusal.Limit);
        Assert.True(limiter.TryEnter(new ClientShare("bots", null), out _));
    }

    private static ClientShare Share(string address) => ClientShare.Of(IPAddress.Parse(address));

    private static StreamLimiter Limiter(int perAddress, int streams = 100, int perKey = 100) =>
        new(Options.Create(new SendingOptions { MaxStreamsPerAddress = perAddress, MaxStreams = streams, MaxStreamsPerKey = perKey }));
}
