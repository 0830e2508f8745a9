using System.Net;
using CandleStream.Server.Access;
using Microsoft.AspNetCore.HttpOverrides;
using IPNetwork = System.Net.IPNetwork;

namespace CandleStream.Server.Limits;

/// <summary>The proxies in front: what they say about the client is believed, what anybody else says is not.</summary>
internal static class Proxies
{
    public static void UseKnownProxies(this WebApplication app)
    {
        var networks = NetworksOf(app.Configuration.Security());
        // The middleware without any network would believe everybody.
        if (networks.Count == 0) return;
        var options = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto,
            ForwardLimit = null
        };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var network in networks) options.KnownIPNetworks.Add(network);
        app.UseForwardedHeaders(options);
    }

    public static bool IsKnown(AccessOptions security, IPAddress? address)
    {
        if (address is null || security.KnownProxies.Length == 0) return false;
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return NetworksOf(security).Exists(n => n.Contains(address));
    }

    private static List<IPNetwork> NetworksOf(AccessOptions security) =>
        [.. security.KnownProxies.Select(p => AccessOptions.ParseProxy(p)!.Value)];
}
