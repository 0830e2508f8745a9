using System.Net.Sockets;

namespace CandleStream.Client;

/// <summary>What <see cref="HttpClient"/> throws where the server cannot be reached or the connection is lost.</summary>
public static class ConnectionTrouble
{
    /// <summary>
    /// True for trouble that may be over at the next attempt. A bare <see cref="SocketException"/> is one: where a connection is reset in
    /// the moment it is made, .NET asks its socket for the other side's address, and that failure ("not connected") comes out unwrapped.
    /// </summary>
    public static bool Is(Exception failure) => failure is HttpRequestException or IOException or SocketException;
}
