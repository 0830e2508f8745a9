using System.Diagnostics.CodeAnalysis;
using CandleStream.Server.Access;
using CandleStream.Server.Streams.Sending;
using Microsoft.Extensions.Options;

namespace CandleStream.Server.Streams;

/// <summary>Counts open streams, per server and per key or client address. Thread-safe.</summary>
internal sealed class StreamLimiter(IOptions<SendingOptions> options)
{
    private readonly ShareCounter _shares = new();
    private int _streams;

    /// <summary>Keys and client addresses with a stream; for tests of leaks.</summary>
    public int Shares => _shares.Count;

    /// <summary>Takes a place; to be given back with <see cref="Leave"/>.</summary>
    /// <param name="share">Whose stream it is.</param>
    /// <param name="refusal">What limit is reached, in words and as a number.</param>
    public bool TryEnter(ClientShare share, [NotNullWhen(false)] out StreamRefusal? refusal)
    {
        refusal = null;
        if (Interlocked.Increment(ref _streams) > options.Value.MaxStreams)
        {
            Interlocked.Decrement(ref _streams);
            refusal = new StreamRefusal("This server has reached its limit of open streams.", options.Value.MaxStreams);
            return false;
        }

        var max = share.Key is null ? options.Value.MaxStreamsPerAddress : options.Value.MaxStreamsPerKey;
        if (_shares.TryEnter(share, max)) return true;
        Interlocked.Decrement(ref _streams);
        refusal = new StreamRefusal($"This {share} has reached its limit of open streams.", max);
        return false;
    }

    public void Leave(ClientShare share)
    {
        Interlocked.Decrement(ref _streams);
        _shares.Leave(share);
    }
}

/// <summary>Why a stream was refused.</summary>
internal sealed record StreamRefusal(string Detail, int Limit);
