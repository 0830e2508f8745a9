using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace CandleStream.EndToEndTests.Stream;

/// <summary>
/// A client that speaks HTTP/1.1 by hand: it can stall, cut, send what nobody asked for, and sees every byte. Anything malformed fails the
/// test.
/// </summary>
internal sealed class RawClient : IDisposable
{
    private readonly Socket _socket;
    private readonly System.IO.Stream _bytes;
    private readonly string _host;
    private readonly byte[] _buffer = new byte[4096];
    private readonly SseReader _reader = new();
    private readonly Queue<SseEvent> _events = new();

    private RawClient(Socket socket, System.IO.Stream bytes, string host) => (_socket, _bytes, _host) = (socket, bytes, host);

    /// <summary>The id a browser would come back with.</summary>
    public string? LastEventId => _reader.LastEventId;

    /// <summary>True when the body ended with its closing chunk.</summary>
    public bool EndedWell => _reader.IsComplete;

    /// <summary>Connects and asks for a stream; reads nothing yet.</summary>
    /// <param name="host">The server.</param>
    /// <param name="query">The stream's query.</param>
    /// <param name="lastEventId">As a browser sends it.</param>
    /// <param name="receiveBuffer">Bytes the kernel may hold for this client; small for one that will stall.</param>
    /// <param name="more">Bytes sent right behind the request.</param>
    public static async Task<RawClient> OpenAsync(
        StreamHost host, string query, string? lastEventId = null, int? receiveBuffer = null, string more = "")
    {
        var client = await ConnectAsync(host.Address, receiveBuffer);
        client._reader.ExpectsGzip = host.IsGzip;
        var gzip = host.IsGzip ? "Accept-Encoding: gzip\r\n" : "";
        await client.AskForStreamAsync(query, gzip + (lastEventId is null ? "" : $"Last-Event-ID: {lastEventId}\r\n"), more);
        return client;
    }

    /// <summary>Connects and asks for nothing yet.</summary>
    /// <param name="server">Where to, on this machine.</param>
    /// <param name="receiveBuffer">As above.</param>
    /// <param name="from">The client's own address; null: as the machine chooses.</param>
    public static async Task<RawClient> ConnectAsync(Uri server, int? receiveBuffer = null, IPAddress? from = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBuffer is { } size) socket.ReceiveBufferSize = size;
        if (from is not null) socket.Bind(new IPEndPoint(from, 0));
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, server.Port), TestContext.Current.CancellationToken);
        return new RawClient(socket, await BytesOfAsync(socket, server), server.Authority);
    }

    /// <param name="query">The stream's query.</param>
    /// <param name="headers">Whole lines.</param>
    /// <param name="more">Bytes sent right behind the request.</param>
    public Task AskForStreamAsync(string query, string headers = "", string more = "") =>
        SendAsync($"GET /candles/stream{query} HTTP/1.1\r\nHost: {_host}\r\n{headers}\r\n{more}");

    /// <summary>Asks for something that is no stream and reads the answer to its last byte, no further.</summary>
    public async Task<string> AskAsync(string path)
    {
        await SendAsync($"GET {path} HTTP/1.1\r\nHost: {_host}\r\n\r\n");
        var answer = new StringBuilder();
        while (!IsWhole(answer.ToString()))
        {
            await _bytes.ReadExactlyAsync(_buffer.AsMemory(0, 1), TestContext.Current.CancellationToken);
            answer.Append((char)_buffer[0]);
        }

        return answer.ToString();
    }

    public async Task SendAsync(string text) =>
        await _bytes.WriteAsync(Encoding.ASCII.GetBytes(text), TestContext.Current.CancellationToken);

    /// <summary>Says that it will send nothing more.</summary>
    public void HalfClose() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>The same, and says so to TLS first, where there is any.</summary>
    public async Task SayGoodbyeAsync()
    {
        if (_bytes is SslStream secured) await secured.ShutdownAsync();
        HalfClose();
    }

    /// <summary>Breaks the connection off: the server's next write fails.</summary>
    public void Abort()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Dispose();
    }

    /// <summary>
    /// Reads until at least <paramref name="bytes"/> have come since the start, or the connection ended; the events that are whole by then.
    /// </summary>
    public async Task<List<SseEvent>> ReadBytesAsync(int bytes)
    {
        while (_reader.BytesSeen < bytes && await ReadAsync(Math.Min(_buffer.Length, bytes - _reader.BytesSeen)))
        {
        }

        return TakeAll();
    }

    /// <summary>Reads up to a text, whatever the framing is; what came by then is read no more.</summary>
    public async Task PassAsync(string text)
    {
        var seen = "";
        while (!seen.Contains(text, StringComparison.Ordinal))
        {
            var read = await _bytes.ReadAsync(_buffer, TestContext.Current.CancellationToken);
            if (read == 0) throw new InvalidOperationException($"The stream ended before it said {text}: {seen}");
            seen += Encoding.UTF8.GetString(_buffer, 0, read);
        }
    }

    /// <summary>The next event; null when the stream ended, well or not.</summary>
    public async Task<SseEvent?> TryNextAsync()
    {
        while (_events.Count == 0)
        {
            if (_reader.IsComplete || !await ReadAsync(_buffer.Length)) return null;
        }

        return _events.Dequeue();
    }

    public async Task<SseEvent> NextAsync(string type)
    {
        while (true)
        {
            var next = await TryNextAsync() ?? throw new InvalidOperationException("The stream ended.");
            if (next.Type == type) return next;
        }
    }

    /// <summary>All events until the stream ends.</summary>
    public async Task<List<SseEvent>> ToEndAsync()
    {
        var events = new List<SseEvent>();
        while (await TryNextAsync() is { } next) events.Add(next);
        return events;
    }

    /// <summary>Reads on behind the stream: true when the connection ends there and nothing more comes.</summary>
    public async Task<bool> ClosesAsync() => !await ReadAsync(_buffer.Length);

    public void Dispose()
    {
        _socket.Dispose();
        _reader.Dispose();
    }

    private static async Task<System.IO.Stream> BytesOfAsync(Socket socket, Uri server)
    {
        var plain = new NetworkStream(socket);
        if (server.Scheme == Uri.UriSchemeHttp) return plain;
        var secured = new SslStream(plain);
        await secured.AuthenticateAsClientAsync(TestCertificate.Trusted, TestContext.Current.CancellationToken);
        return secured;
    }

    private static bool IsWhole(string answer)
    {
        var headEnd = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;
        if (headEnd < 4) return false;
        const string Length = "\r\nContent-Length: ";
        var at = answer.IndexOf(Length, StringComparison.OrdinalIgnoreCase);
        if (at < 0) return answer.EndsWith("0\r\n\r\n", StringComparison.Ordinal);
        at += Length.Length;
        return answer.Length == headEnd + int.Parse(answer.AsSpan(at, answer.IndexOf('\r', at) - at), CultureInfo.InvariantCulture);
    }

    private List<SseEvent> TakeAll()
    {
        var all = _events.ToList();
        _events.Clear();
        return all;
    }

    private async Task<bool> ReadAsync(int atMost)
    {
        try
        {
            var read = await _bytes.ReadAsync(_buffer.AsMemory(0, atMost), TestContext.Current.CancellationToken);
            foreach (var e in _reader.Feed(_buffer.AsSpan(0, read))) _events.Enqueue(e);
            return read > 0;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
