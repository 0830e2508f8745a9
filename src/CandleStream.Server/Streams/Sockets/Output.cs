using CandleStream.Server.Streams.Events;

namespace CandleStream.Server.Streams.Sockets;

/// <summary>The way of bytes to one client. Never blocks. Called by the sender thread only, but for what says otherwise.</summary>
internal abstract class Output
{
    /// <summary>How the events of this client are laid out.</summary>
    public abstract SseFraming Framing { get; }

    /// <summary>
    /// False while the client takes nothing: nothing may be sent until the sender is told otherwise, by a command or by the socket.
    /// </summary>
    public abstract bool IsReady { get; }

    /// <summary>The socket that bytes go to, where the sender owns it; else -1.</summary>
    public virtual int Descriptor => -1;

    /// <summary>Called once, when the stream goes live, before anything is sent. False where the client is gone.</summary>
    public virtual bool TryBegin() => true;

    /// <summary>Hands bytes over: how many were taken (0: none now), or -1 when the client is gone.</summary>
    public abstract int Send(ReadOnlyMemory<byte> bytes);

    /// <summary>Waits until nothing of this output is under way any more. Called by the request after the sender let go.</summary>
    public abstract ValueTask SettleAsync();
}
