using System.Net;
using System.Net.Sockets;

namespace CandleStream.Server.Access;

/// <summary>
/// Whose share of the server a request uses up: its key's where it came with one, else its address's. A ticket for <c>/embed</c> is public:
/// each of its readers is counted by address. Loopback has no limit by address: it is where proxies and tools live.
/// </summary>
/// <param name="Key">The key's name.</param>
/// <param name="Address">The client's address as it is counted; null where a key is given or nothing is limited.</param>
internal readonly record struct ClientShare(string? Key, IPAddress? Address)
{
    /// <summary>What a provider gives one customer: an IPv6 address costs nothing, its network does.</summary>
    private const int CountedIPv6Bytes = 8;

    public bool IsLimited => Key is not null || Address is not null;

    public static ClientShare Of(HttpContext context) =>
        context.Features.Get<ApiKey>() is { } key && !PathTickets.IsPublic(context)
            ? new ClientShare(key.Name, null)
            : Of(context.Connection.RemoteIpAddress);

    /// <param name="address">Null where the transport has none.</param>
    public static ClientShare Of(IPAddress? address)
    {
        if (address is { IsIPv4MappedToIPv6: true }) address = address.MapToIPv4();
        if (address is null || IPAddress.IsLoopback(address)) return default;
        return new ClientShare(null, address.AddressFamily == AddressFamily.InterNetworkV6 ? NetworkOf(address) : address);
    }

    public override string ToString() => Key is not null ? "key" : "client address";

    private static IPAddress NetworkOf(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(CountedIPv6Bytes).Clear();
        return new IPAddress(bytes);
    }
}
