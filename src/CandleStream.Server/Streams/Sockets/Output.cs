using System.Net.Sockets;
using CandleStream.Server.Streams.Events;

namespace CandleStream.Server.Streams.Sockets;

/// <summary>The way of bytes to one client. Never blocks. Called by the sender thread only, but for what says otherwise.</summary>
internal abstract class Output
{
    /// <summary>How the events of this client are laid out.</summary>
    public abstract SseFraming Framing { get; }

    /// <summary>False while bytes handed over earlier are still under way: nothing may be sent until then.</summary>
    public abstract bool IsReady { get; }

    /// <summary>
    /// True where somebody must come back and try again because nobody will tell when the client takes more;
    /// false where <see cref="IsReady"/> is followed by a call of the connection's owner.
    /// </summary>
    public abstract bool NeedsRetry { get; }

    /// <summary>The socket where bytes may also be handed over together with those of other outputs; else null.</summary>
    public virtual SafeSocketHandle? BatchSocket => null;

    /// <summary>Hands bytes over: how many were taken (0: none now), or -1 when the client is gone.</summary>
    public abstract int Send(ReadOnlyMemory<byte> bytes);

    /// <summary>Waits until nothing of this output is under way any more. Called by the request after the sender let go.</summary>
    public abstract ValueTask SettleAsync();
}
