using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using CandleStream.EndToEndTests.Stream;

namespace CandleStream.EndToEndTests.Shutdown;

/// <summary>
/// One of thousands of clients of one series, cheap: a socket, the bytes of the event it is in the middle of, and the closed candles it was
/// sent.
/// </summary>
internal sealed class CrowdClient(SeriesKey series)
{
    // Guarded by itself.
    private readonly SortedDictionary<long, Candle> _closed = [];

    public SeriesKey Series { get; } = series;

    /// <summary>The id it comes back with.</summary>
    public string? LastEventId { get; private set; }

    /// <summary>The newest id it was sent, of whatever connection.</summary>
    public long NewestId { get; private set; }

    /// <summary>How the newest connection joined: fresh, resumed or reset; null before its seam.</summary>
    public string? Joined { get; private set; }

    /// <summary>The last event of the newest connection.</summary>
    public SseEvent? Last { get; private set; }

    /// <summary>True when the newest connection ended as a body should, with its closing chunk.</summary>
    public bool EndedWell { get; private set; }

    public IReadOnlyList<Candle> Closed
    {
        get
        {
            lock (_closed) return [.. _closed.Values];
        }
    }

    /// <summary>Connects and asks for closed candles only, from where it was.</summary>
    public async Task<Socket> ConnectAsync(IPEndPoint server, CancellationToken cancel)
    {
        (Joined, Last, EndedWell) = (null, null, false);
        var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server, cancel);
        var id = LastEventId is null ? "" : $"Last-Event-ID: {LastEventId}\r\n";
        var snapshot = LastEventId is null ? "&snapshot=0" : "";
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"GET /candles/stream?series={Series}&max_rate=0{snapshot} HTTP/1.1\r\nHost: localhost\r\n{id}\r\n"), cancel);
        return socket;
    }

    /// <summary>Reads until the connection ends, well or not.</summary>
    public async Task ReadAsync(Socket socket, CancellationToken cancel)
    {
        using var reader = new SseReader();
        var buffer = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(buffer, cancel) is > 0 and var read)
            {
                foreach (var e in reader.Feed(buffer.AsSpan(0, read))) Take(e);
            }
        }
        catch (SocketException)
        {
            // A killed server resets what it had open.
        }

        LastEventId = reader.LastEventId ?? LastEventId;
        EndedWell = reader.IsComplete;
    }

    private void Take(SseEvent e)
    {
        Last = e;
        if (e.Id is not null) NewestId = long.Parse(e.Id, CultureInfo.InvariantCulture);
        if (e.Type == "synced") Joined = e.Data.GetProperty("series").GetProperty(Series.ToString()).GetString();
        if (e.Type != "message" || e.Candle is not { Closed: true } candle) return;
        lock (_closed)
        {
            if (!_closed.TryGetValue(candle.Time, out var held) || candle.Rev > held.Rev) _closed[candle.Time] = candle;
        }
    }
}
