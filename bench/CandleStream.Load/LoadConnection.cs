using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CandleStream.Load;

/// <summary>One stream of one series, read until it ends or is disposed.</summary>
internal sealed class LoadConnection : IDisposable
{
    private const int StalledReceiveBuffer = 4096;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly byte[] _buffer = new byte[4096];
    private readonly LoadRun _run;
    private readonly SseReader _reader;

    public LoadConnection(LoadRun run, int series, bool stalls)
    {
        (_run, Series, Stalls) = (run, series, stalls);
        _reader = new SseReader { OnCandle = OnCandle };
        if (stalls) _socket.ReceiveBufferSize = StalledReceiveBuffer;
    }

    public int Series { get; }

    /// <summary>True when it does not read while the measurement lasts.</summary>
    public bool Stalls { get; }

    public int Status => _reader.Status;

    public int Malformed => _reader.Malformed;

    public bool IsSynced => _reader.IsSynced;

    /// <summary>Candles whose rev lies within the measurement.</summary>
    public int Measured { get; private set; }

    /// <summary>Times that a rev did not rise.</summary>
    public int Unordered { get; private set; }

    /// <summary>True when the server ended the stream.</summary>
    public bool WasEnded { get; private set; }

    private long _lastRev;

    public async Task ConnectAsync(IPEndPoint server, string path, IPAddress source, CancellationToken cancel)
    {
        _socket.Bind(new IPEndPoint(source, 0));
        await _socket.ConnectAsync(server, cancel);
        var request = $"GET {path} HTTP/1.1\r\nHost: {server}\r\nAccept: text/event-stream\r\n\r\n";
        await _socket.SendAsync(Encoding.ASCII.GetBytes(request), cancel);
    }

    public async Task ReadAsync(CancellationToken cancel)
    {
        try
        {
            while (true)
            {
                if (Stalls && _run.IsMeasuring) await _run.Measured.WaitAsync(cancel);
                var count = await _socket.ReceiveAsync(_buffer, cancel);
                if (count == 0) break;
                _reader.Feed(_buffer.AsSpan(0, count));
            }

            WasEnded = true;
        }
        catch (SocketException)
        {
            WasEnded = true;
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The run is over.
        }
    }

    public void Dispose() => _socket.Dispose();

    private void OnCandle(long rev)
    {
        if (rev <= _lastRev) Unordered++;
        _lastRev = rev;
        if (!_run.IsWithin(rev)) return;
        Measured++;
        if (!Stalls) _run.Latency.Record(LoadRun.NowUs - rev);
    }
}
