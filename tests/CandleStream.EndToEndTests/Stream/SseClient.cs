using System.Globalization;
using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json;

namespace CandleStream.EndToEndTests.Stream;

/// <summary>One event as a client reads it.</summary>
internal sealed record SseEvent(string Type, string? Id, JsonElement Data)
{
    /// <summary>The rev of a candle or a delta.</summary>
    public long Rev => Data.GetProperty("rev").GetInt64();

    /// <summary>The candle of an unnamed event.</summary>
    public Candle Candle => new(
        Data.GetProperty("time").GetInt64(), Data.GetProperty("open").GetDecimal(), Data.GetProperty("high").GetDecimal(),
        Data.GetProperty("low").GetDecimal(),
        Data.GetProperty("close").GetDecimal(), Data.GetProperty("volume").GetDecimal(), Data.GetProperty("closed").GetBoolean(),
        new Rev(Rev));

    public string? Text(string field) => Data.GetProperty(field).GetString();

    public override string ToString() => $"{Type} {Id} {Data}";
}

/// <summary>A client of the stream: one connection, events in order. Every wait ends with the test's time limit.</summary>
internal sealed class SseClient : IAsyncDisposable
{
    private static readonly HttpClient Http = CreateHttp(DecompressionMethods.None);
    private static readonly HttpClient HttpOfGzip = CreateHttp(DecompressionMethods.GZip);

    private readonly HttpResponseMessage _response;
    private readonly CancellationToken _cancel;
    private readonly SseParser<string> _parser;
    private readonly IAsyncEnumerator<SseItem<string>> _events;

    private SseClient(HttpResponseMessage response, System.IO.Stream body, CancellationToken cancel)
    {
        (_response, _cancel) = (response, cancel);
        _parser = SseParser.Create(body);
        _events = _parser.EnumerateAsync(cancel).GetAsyncEnumerator(cancel);
    }

    public HttpResponseMessage Response => _response;

    public string LastEventId => _parser.LastEventId;

    public TimeSpan Retry => _parser.ReconnectionInterval;

    public static async Task<HttpResponseMessage> SendAsync(
        StreamHost host, string query, Action<HttpRequestMessage>? change = null, CancellationToken cancel = default)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(host.Address, "/candles/stream" + query));
        if (host.IsHttp2) (request.Version, request.VersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
        change?.Invoke(request);
        return await (host.IsGzip ? HttpOfGzip : Http).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
    }

    public static async Task<SseClient> OpenAsync(
        StreamHost host, string query, string? lastEventId = null, Action<HttpRequestMessage>? change = null)
    {
        var cancel = TestContext.Current.CancellationToken;
        var response = await SendAsync(host, query, request =>
        {
            if (lastEventId is not null) request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId);
            change?.Invoke(request);
        }, cancel);
        Assert.True(response.StatusCode == HttpStatusCode.OK,
            $"{(int)response.StatusCode} {(response.IsSuccessStatusCode ? "" : await response.Content.ReadAsStringAsync(cancel))}");
        return new SseClient(response, await response.Content.ReadAsStreamAsync(cancel), cancel);
    }

    /// <summary>The next event; null when the stream ended, well or not.</summary>
    public async Task<SseEvent?> TryNextAsync()
    {
        try
        {
            if (!await _events.MoveNextAsync()) return null;
        }
        catch (Exception e) when (e is HttpRequestException or HttpIOException or IOException)
        {
            return null;
        }

        var item = _events.Current;
        return new SseEvent(item.EventType, item.EventId, JsonElement.Parse(item.Data));
    }

    /// <summary>The next event.</summary>
    public async Task<SseEvent> NextAsync() => await TryNextAsync() ?? throw new InvalidOperationException("The stream ended.");

    /// <summary>The next event of a type; what comes before it is skipped.</summary>
    public async Task<SseEvent> NextAsync(string type)
    {
        while (true)
        {
            var next = await NextAsync();
            if (next.Type == type) return next;
        }
    }

    /// <summary>Everything up to <c>synced</c>, which is the last one.</summary>
    public async Task<List<SseEvent>> JoinAsync()
    {
        var events = new List<SseEvent>();
        do events.Add(await NextAsync());
        while (events[^1].Type != "synced");
        return events;
    }

    /// <summary>The next candle or delta: a status may come at any time.</summary>
    public async Task<SseEvent> NextCandleAsync()
    {
        while (true)
        {
            var next = await NextAsync();
            if (next.Type is "message" or "delta") return next;
        }
    }

    /// <summary>Reads candles and deltas until <paramref name="isLast"/> accepts one, which is in the result.</summary>
    public async Task<List<SseEvent>> CandlesUntilAsync(Func<SseEvent, bool> isLast)
    {
        var events = new List<SseEvent>();
        do events.Add(await NextCandleAsync());
        while (!isLast(events[^1]));
        return events;
    }

    /// <summary>True when the stream ends here, and the end is marked as such: nothing was cut off.</summary>
    public async Task<bool> EndsInGoodOrderAsync() => !await _events.MoveNextAsync();

    /// <summary>Reads until the stream has ended.</summary>
    public async Task<List<SseEvent>> ToEndAsync()
    {
        var events = new List<SseEvent>();
        while (await TryNextAsync() is { } next) events.Add(next);
        return events;
    }

    public ValueTask DisposeAsync()
    {
        _response.Dispose();
        return default;
    }

    private static HttpClient CreateHttp(DecompressionMethods decompression) => new(new SocketsHttpHandler
    {
        MaxConnectionsPerServer = int.MaxValue,
        UseProxy = false,
        AutomaticDecompression = decompression,
        SslOptions = TestCertificate.Trusted,
    })
    { Timeout = Timeout.InfiniteTimeSpan };

    public static long Id(SseEvent e) => long.Parse(e.Id!, CultureInfo.InvariantCulture);
}
