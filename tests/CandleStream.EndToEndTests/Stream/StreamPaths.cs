namespace CandleStream.EndToEndTests.Stream;

/// <summary>The ways bytes may take to a client. Whatever the way, a client must not see a difference.</summary>
public enum StreamPath
{
    /// <summary>The sender writes to the connection's socket itself.</summary>
    DirectSocket,

    /// <summary>The same, many sockets with one system call.</summary>
    Batched,

    /// <summary>HTTP/1.1 through the web server's writer.</summary>
    BodyWriter,

    /// <summary>HTTP/2 without TLS.</summary>
    Http2,

    /// <summary>HTTP/1.1 over TLS, direct sockets allowed: the server itself must see that it may not use them.</summary>
    Tls,

    /// <summary>HTTP/2 over TLS, as browsers speak it.</summary>
    Http2Tls,

    /// <summary>HTTP/1.1 over TLS to nginx, which runs our recipe of it; from there HTTP/1.1 to a direct socket.</summary>
    Nginx,

    /// <summary>The same through Caddy.</summary>
    Caddy,

    /// <summary>The same through HAProxy.</summary>
    HAProxy,

    /// <summary>A direct socket, as gzip. So are all that follow.</summary>
    Gzip,

    /// <summary>Many sockets with one system call.</summary>
    GzipBatched,

    /// <summary>HTTP/1.1 over TLS.</summary>
    GzipTls,

    /// <summary>HTTP/2 over TLS.</summary>
    GzipHttp2Tls,

    /// <summary>Through nginx.</summary>
    GzipNginx,
}
