using System.Collections.Concurrent;
using System.IO.Compression;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using CandleStream.Exchanges;

namespace CandleStream.Tests.Bitfinex;

/// <summary>
/// An exchange that does exactly what a test says, in virtual time. Unless told otherwise it greets, configures, acknowledges, sends an
/// empty snapshot and heartbeats.
/// </summary>
internal sealed class ScriptedExchange : HttpMessageHandler
{
    private readonly VirtualClock _time;
    private readonly ITimer _heart;
    private readonly ConcurrentQueue<ScriptedSocket> _sockets = new();
    private int _channelIds;

    public ScriptedExchange(VirtualClock time)
    {
        _time = time;
        _heart = time.CreateTimer(_ => Beat(), null, TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(15));
    }

    /// <summary>What a connect does instead of giving a socket.</summary>
    public Func<Exception>? RefusesConnects { get; set; }

    /// <summary>What a connect waits for.</summary>
    public Task ConnectDelay { get; set; } = Task.CompletedTask;

    public string Greeting { get; set; } = """{"event":"info","version":2,"serverId":"x","platform":{"status":1}}""";

    /// <summary>The answer to <c>conf</c>: the usual one unless told; none where it is empty.</summary>
    public string? ConfAnswer { get; set; }

    /// <summary>Answers a subscribe; true when it has, false for the usual answer.</summary>
    public Func<ScriptedSocket, string, bool>? OnSubscribe { get; set; }

    /// <summary>True while an unsubscribe is left without an answer.</summary>
    public bool IgnoresUnsubscribe { get; set; }

    public bool AnswersPings { get; set; } = true;

    /// <summary>The candles of the snapshots, as JSON, newest first.</summary>
    public string Snapshot { get; set; } = "[]";

    /// <summary>Answers REST calls, by path and query.</summary>
    public Func<string, HttpResponseMessage> Rest { get; set; } = _ => Json("[]");

    public ConcurrentQueue<(DateTimeOffset At, string Path)> RestCalls { get; } = new();

    public ConcurrentQueue<DateTimeOffset> Connects { get; } = new();

    public IReadOnlyList<ScriptedSocket> Sockets => [.. _sockets];

    public IReadOnlyList<ScriptedSocket> OpenSockets => [.. _sockets.Where(s => s.IsOpen)];

    public ScriptedSocket Socket => OpenSockets[^1];

    public ExchangeTransport Transport => new(ConnectAsync, this);

    public int NextChannelId() => Interlocked.Increment(ref _channelIds);

    private HttpResponseMessage Dated(HttpResponseMessage answer)
    {
        answer.Headers.Date = RestDate ?? _time.Passed;
        answer.Headers.Age ??= RestAge;
        return answer;
    }

    /// <summary>An answer whose body breaks off as one does that was compressed and spoiled on the way.</summary>
    public static HttpResponseMessage SpoiledGzip() =>
        new(HttpStatusCode.OK)
        {
            Content = new StreamContent(
            new GZipStream(new MemoryStream([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0xFF, 0xFF]), CompressionMode.Decompress))
        };

    public static HttpResponseMessage Json(string body, HttpStatusCode status = HttpStatusCode.OK) =>
        new(status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };

    /// <summary>The Date of REST answers; by the clock unless told.</summary>
    public DateTimeOffset? RestDate { get; set; }

    /// <summary>The Age of REST answers that name none.</summary>
    public TimeSpan? RestAge { get; set; }

    /// <summary>What a REST call waits for.</summary>
    public Task RestDelay { get; set; } = Task.CompletedTask;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var path = request.RequestUri!.PathAndQuery;
        RestCalls.Enqueue((_time.Passed, path));
        await RestDelay.WaitAsync(cancellationToken);
        return Dated(Rest(path));
    }

    protected override void Dispose(bool disposing)
    {
        _heart.Dispose();
        base.Dispose(disposing);
    }

    private async Task<WebSocket> ConnectAsync(CancellationToken cancel)
    {
        await Task.Yield();
        Connects.Enqueue(_time.Passed);
        await ConnectDelay.WaitAsync(cancel);
        if (RefusesConnects?.Invoke() is { } refusal) throw refusal;
        var (client, server) = DuplexStream.CreatePair();
        var socket = new ScriptedSocket(this, _time, WebSocket.CreateFromStream(
            server, new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = Timeout.InfiniteTimeSpan }));
        _sockets.Enqueue(socket);
        socket.Start(Greeting);
        return WebSocket.CreateFromStream(
            client, new WebSocketCreationOptions { IsServer = false, KeepAliveInterval = Timeout.InfiniteTimeSpan });
    }

    private void Beat()
    {
        foreach (var socket in OpenSockets) socket.Beat();
    }
}

/// <summary>One socket of the scripted exchange.</summary>
internal sealed class ScriptedSocket(ScriptedExchange exchange, VirtualClock time, WebSocket socket)
{
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<int, string> _channels = new();
    private readonly System.Threading.Channels.Channel<string> _out = System.Threading.Channels.Channel.CreateUnbounded<string>();
    private long _sequence;

    public bool IsOpen { get; private set; } = true;

    /// <summary>Channels without heartbeat.</summary>
    public ConcurrentDictionary<int, bool> Muted { get; } = new();

    /// <summary>True when nothing leaves any more, though the socket stays open.</summary>
    public bool IsHalfOpen { get; set; }

    public ConcurrentQueue<string> Received { get; } = new();

    public IReadOnlyDictionary<int, string> Channels => _channels;

    public void Start(string greeting)
    {
        if (greeting.Length > 0) Say(greeting);
        _ = WriteAsync();
        _ = ReadAsync();
    }

    /// <summary>Sends an object, or an array without appended elements.</summary>
    public void Say(string text)
    {
        if (!IsHalfOpen) _out.Writer.TryWrite(text);
    }

    /// <summary>Sends <c>[id,payload,sequence,time]</c>.</summary>
    public void Send(int channel, string payload, long? exchangeTime = null)
    {
        lock (_gate) Say($"[{channel},{payload},{++_sequence},{exchangeTime ?? time.Passed.ToUnixTimeMilliseconds()}]");
    }

    /// <summary>The channel of a key.</summary>
    public int ChannelOf(string key) => _channels.Single(c => c.Value == key).Key;

    /// <summary>Counts frames that are never sent.</summary>
    public void Lose(int frames)
    {
        lock (_gate) _sequence += frames;
    }

    public void Acknowledge(string key, int id, string? snapshot = null)
    {
        _channels[id] = key;
        Say($$"""{"event":"subscribed","channel":"candles","chanId":{{id}},"key":"{{key}}"}""");
        Send(id, snapshot ?? exchange.Snapshot);
    }

    public void Refuse(string key, int code, string text, string more = "") =>
        Say($$"""{"event":"error","msg":"{{text}}","code":{{code}},"channel":"candles","key":"{{key}}"{{more}}}""");

    public void Beat()
    {
        foreach (var id in _channels.Keys.Where(id => !Muted.ContainsKey(id))) Send(id, "\"hb\"");
    }

    /// <summary>Ends without a word.</summary>
    public void Cut()
    {
        IsOpen = false;
        socket.Abort();
        socket.Dispose();
    }

    private async Task WriteAsync()
    {
        try
        {
            await foreach (var text in _out.Reader.ReadAllAsync())
                await socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, CancellationToken.None);
        }
        catch (Exception)
        {
            IsOpen = false;
        }
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (true)
            {
                var part = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
                if (part.MessageType == WebSocketMessageType.Close) break;
                OnMessage(Encoding.UTF8.GetString(buffer, 0, part.Count));
            }
        }
        catch (Exception)
        {
            // The test cut it.
        }

        IsOpen = false;
    }

    private void OnMessage(string text)
    {
        Received.Enqueue(text);
        if (IsHalfOpen) return;
        var json = JsonDocument.Parse(text).RootElement;
        switch (json.GetProperty("event").GetString())
        {
            case "conf":
                if (exchange.ConfAnswer != "")
                    Say(exchange.ConfAnswer ?? $$"""{"event":"conf","status":"OK","flags":{{json.GetProperty("flags").GetInt32()}}}""");
                break;
            case "ping" when exchange.AnswersPings:
                Say($$"""{"event":"pong","cid":{{json.GetProperty("cid").GetInt32()}},"ts":{{time.Passed.ToUnixTimeMilliseconds()}}}""");
                break;
            case "subscribe":
                var key = json.GetProperty("key").GetString()!;
                if (exchange.OnSubscribe?.Invoke(this, key) is not true) Acknowledge(key, exchange.NextChannelId());
                break;
            case "unsubscribe" when !exchange.IgnoresUnsubscribe:
                var id = json.GetProperty("chanId").GetInt32();
                _channels.TryRemove(id, out _);
                Say($$"""{"event":"unsubscribed","status":"OK","chanId":{{id}}}""");
                break;
        }
    }
}
