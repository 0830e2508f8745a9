using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using Microsoft.Extensions.Options;

namespace CandleStream.Server.Sse;

/// <summary>Counts open streams, per server and per client address. Thread-safe.</summary>
internal sealed class StreamLimiter(IOptions<SseOptions> options)
{
    private readonly ConcurrentDictionary<IPAddress, int> _perAddress = new();
    private int _streams;

    /// <summary>Client addresses with a stream; for tests of leaks.</summary>
    public int Addresses => _perAddress.Count;

    /// <summary>Takes a place; to be given back with <see cref="Leave"/>.</summary>
    /// <param name="address">The client's; null where the transport has none.</param>
    /// <param name="refusal">What limit is reached, in words and as a number.</param>
    public bool TryEnter(IPAddress? address, [NotNullWhen(false)] out StreamRefusal? refusal)
    {
        refusal = null;
        if (Interlocked.Increment(ref _streams) > options.Value.MaxStreams)
        {
            Interlocked.Decrement(ref _streams);
            refusal = new StreamRefusal("This server holds as many streams as it may.", options.Value.MaxStreams);
            return false;
        }

        if (!IsLimited(address)) return true;
        if (_perAddress.AddOrUpdate(Normal(address!), 1, static (_, n) => n + 1) <= options.Value.MaxStreamsPerAddress) return true;
        Leave(address);
        refusal = new StreamRefusal("This client address holds as many streams as it may.", options.Value.MaxStreamsPerAddress);
        return false;
    }

    public void Leave(IPAddress? address)
    {
        Interlocked.Decrement(ref _streams);
        if (!IsLimited(address)) return;
        var key = Normal(address!);
        while (_perAddress.TryGetValue(key, out var count))
        {
            var isDone = count == 1 ? _perAddress.TryRemove(new(key, count)) : _perAddress.TryUpdate(key, count - 1, count);
            if (isDone) return;
        }
    }

    private static bool IsLimited(IPAddress? address) => address is not null && !IPAddress.IsLoopback(Normal(address));

    private static IPAddress Normal(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}

/// <summary>Why a stream was refused.</summary>
internal sealed record StreamRefusal(string Detail, int Limit);
