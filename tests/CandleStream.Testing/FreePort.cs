using System.Net;
using System.Net.Sockets;

namespace CandleStream.Testing;

/// <summary>
/// Ports for programs that cannot choose one themselves, or where nobody shall answer for now. They lie below those that the system gives
/// to connections and to listeners that leave the choice to it, so that none of these takes the port before its program does, or while that
/// is away.
/// </summary>
internal static class FreePort
{
    private const int First = 10_000;
    private const int Count = 20_000;

    // Where this process looks next: each port is given once, and two processes hardly begin at the same one.
    private static int _next = Random.Shared.Next(Count);

    public static int Take()
    {
        while (true)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref _next) % Count);
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException)
            {
                // Somebody has it.
            }
        }
    }
}
