namespace CandleStream.Server.Streams.Sockets;

/// <summary>
/// Lets a stream take its connection's socket from the web server. A feature of every connection of <see cref="TakeableTransport"/>, of
/// those over TLS and HTTP/2 too: <see cref="Transport.Of"/> says where it may be used.
/// </summary>
internal interface ISocketTakeover
{
    /// <summary>True where nothing (TLS, logging) stands between the socket and the web server.</summary>
    bool IsBare { get; }

    /// <summary>Bounds what the kernel holds for a reader that stalls.</summary>
    void SetSendBuffer(int bytes);

    /// <summary>
    /// The socket, from now on the caller's to use and to close; the web server goes on as if it had sent all. Only after everything
    /// written is flushed, and where the answer ends its connection. Any thread. False where the connection has ended already.
    /// </summary>
    bool TryTake(out int descriptor);
}
