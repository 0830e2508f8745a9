namespace CandleStream.Tests.Truth;

/// <summary>Whether the kernel holds bytes that were sent over loopback sockets and not read yet.</summary>
internal static class LoopbackTraffic
{
    // The columns of /proc/net/tcp: number, local address, remote address, state, send queue:receive queue in hexadecimal.
    private const int LocalAddress = 1;
    private const int RemoteAddress = 2;
    private const int Queues = 4;

    public static bool IsUnderWay(int port)
    {
        var ending = $":{port:X4}";
        foreach (var line in File.ReadLines("/proc/net/tcp").Skip(1))
        {
            var fields = line.Split(' ', Queues + 2, StringSplitOptions.RemoveEmptyEntries);
            if (!fields[LocalAddress].EndsWith(ending, StringComparison.Ordinal) && !fields[RemoteAddress].EndsWith(ending, StringComparison.Ordinal)) continue;
            if (fields[Queues] != "00000000:00000000") return true;
        }

        return false;
    }
}
