using System.Net;
using System.Net.Sockets;
using IPNetwork = System.Net.IPNetwork;

namespace CandleStream.Server.Webhooks;

/// <summary>
/// Which addresses lie outside: neither this machine, nor a private network, nor what routers keep for themselves (RFC 6890 and its
/// successors).
/// </summary>
internal static class PublicAddresses
{
    private static readonly IPNetwork[] Inside =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
            "::/127", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fc00::/7", "fe80::/10",
            "fec0::/10", "ff00::/8",
        }.Select(IPNetwork.Parse),
    ];

    public static bool Contains(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return !Inside.Any(network => network.Contains(address));
    }

    /// <summary>
    /// Connects to a host at one of its public addresses. What is checked is what is connected to: a name cannot be answered differently in
    /// between.
    /// </summary>
    /// <exception cref="HttpRequestException">None of its addresses is public.</exception>
    public static async ValueTask<System.IO.Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        var addresses = (await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, cancel)).Where(Contains).ToArray();
        if (addresses.Length == 0) throw new HttpRequestException("its name leads to a private address");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, context.DnsEndPoint.Port, cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
