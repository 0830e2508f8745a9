using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using CandleStream.Server.Doors;
using CandleStream.Server.Operations;
using CandleStream.Server.Symbols;
using CandleStream.Server.Webhooks;
using CandleStream.Storage;
using CandleStream.Tests.Streaming;
using CandleStream.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using static CandleStream.Tests.Support.Some;

namespace CandleStream.Tests.Webhooks;

/// <summary>One target and one series in virtual time; the target does what the test says.</summary>
public sealed class WebhookDeliveryTests : IAsyncDisposable
{
    private const string Secret = "a secret of the test";

    private readonly CoreUnderTest _core = new();
    private readonly Notes _notes = new();
    private readonly Receiver _receiver = new();
    private readonly WebhookSender _sender;
    private readonly CandleDoor _door;
    private readonly WebhookMetrics _metrics;
    private CancellationTokenSource _stop = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    // Above the counter, as live candles are.
    private long _rev;
    private Task _running = Task.CompletedTask;

    public WebhookDeliveryTests()
    {
        _sender = new WebhookSender(_receiver, _core.Time);
        _door = new CandleDoor(_core.Service, _core.History, _core.Joiner, _core.Provider, new NoSymbols());
        _metrics = new WebhookMetrics(_services.GetRequiredService<IMeterFactory>());
        _rev = _core.Service.Revs.Current.Value + 1_000_000;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _sender.Dispose();
        await _services.DisposeAsync();
        await _core.DisposeAsync();
    }

    [Fact]
    public async Task A_target_that_fails_redirects_hangs_and_comes_back_gets_every_candle_in_order()
    {
        var told = new List<string?>();
        var delivery = await StartAsync(told.Add);
        _receiver.Answers = [HttpStatusCode.InternalServerError, HttpStatusCode.Found, null, HttpStatusCode.OK];
        for (var minute = 0; minute < 5; minute++) await CloseAsync(delivery, Candle(minute));
        await UntilTakenAsync(5);
        Assert.Equal([At(0), At(1), At(2), At(3), At(4)], _receiver.Taken.Select(c => (long)c["candle"]!["time"]!));
        Assert.All(_receiver.Taken,
            c => Assert.Equal(("closed", "BTCUSD:1m", true), ((string?)c["event"], (string?)c["series"], (bool)c["simulated"]!)));

        // The first one was tried four times, under one id and with rising times; the redirect was not followed.
        var tries = _receiver.Calls.Take(4).ToList();
        Assert.Single(tries.Select(t => (string?)t.Body["id"]).Distinct());
        Assert.Equal(tries.Select(t => (long)t.Body["sent_at"]!).Order(), tries.Select(t => (long)t.Body["sent_at"]!));
        Assert.All(_receiver.Calls, c => Assert.Equal("https://hooks.example.org/candles", c.Address));
        Assert.All(_receiver.Calls, c =>
            Assert.Equal($"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), c.Bytes))}", c.Signature));
        Assert.Equal(["it answered 500", null], told);
    }

    [Fact]
    public async Task A_target_that_stays_away_is_tried_every_thirty_seconds_at_most_and_for_ever()
    {
        var delivery = await StartAsync();
        _receiver.Answers = [HttpStatusCode.ServiceUnavailable];
        await CloseAsync(delivery, Candle(0));
        await _core.InTime(SeriesHubTests.WhenAsync(() => _receiver.Calls.Count >= 12));
        var times = _receiver.Calls.Select(c => (long)c.Body["sent_at"]!).ToList();
        var waits = times.Skip(1).Zip(times, (b, a) => b - a).ToList();
        Assert.All(waits, w => Assert.InRange(w, 1000, 30_100));
        Assert.True(waits[^1] >= 30_000);
    }

    [Fact]
    public async Task A_change_of_a_delivered_candle_is_a_correction_and_of_an_undelivered_one_the_close_itself()
    {
        var delivery = await StartAsync();
        await CloseAsync(delivery, Candle(0));
        await UntilTakenAsync(1);
        _receiver.Answers = [HttpStatusCode.ServiceUnavailable];
        await CloseAsync(delivery, Candle(1, close: 101));
        var failing = _receiver.Calls.Count + 1;
        await _core.InTime(SeriesHubTests.WhenAsync(() => _receiver.Calls.Count >= failing));
        // While the target is away, one candle waits for its turn, changes, and an older one changes too.
        await CloseAsync(delivery, Candle(2, close: 101));
        await CloseAsync(delivery, Candle(2, close: 102));
        await CloseAsync(delivery, Candle(0, close: 103));
        _receiver.Answers = [HttpStatusCode.OK];
        await UntilTakenAsync(4);
        Assert.Equal(
            [("closed", At(0), 100m), ("closed", At(1), 101m), ("closed", At(2), 102m), ("corrected", At(0), 103m)],
            _receiver.Taken.Select(c => ((string)c["event"]!, (long)c["candle"]!["time"]!, (decimal)c["candle"]!["close"]!)));
    }

    [Fact]
    public async Task A_restart_goes_on_where_the_target_was_told_last()
    {
        var delivery = await StartAsync();
        await CloseAsync(delivery, Candle(0));
        await UntilTakenAsync(1);
        await StopAsync();
        // Closed while nobody ran.
        await SaveAsync(Candle(1));
        await SaveAsync(Candle(0, close: 104));
        await StartAsync();
        await UntilTakenAsync(3);
        Assert.Equal([("closed", At(0)), ("closed", At(1)), ("corrected", At(0))],
            _receiver.Taken.Select(c => ((string)c["event"]!, (long)c["candle"]!["time"]!)));
    }

    [Fact]
    public async Task A_new_target_begins_with_the_present_and_remembers_where_that_was()
    {
        await SaveAsync(Candle(0) with { Rev = new Rev(1) });
        await StartAsync();
        await _core.InTime(SeriesHubTests.WhenAsync(() => !_notes.Texts.IsEmpty));
        await StopAsync();
        await SaveAsync(Candle(1));
        await StartAsync();
        await UntilTakenAsync(1);
        Assert.Equal(At(1), (long)_receiver.Taken.Single()["candle"]!["time"]!);
    }

    [Fact]
    public async Task Only_the_events_that_a_target_asked_for_are_sent()
    {
        var delivery = await StartAsync(sendsClosed: false);
        await CloseAsync(delivery, Candle(0));
        await CloseAsync(delivery, Candle(1));
        await _core.InTime(
            SeriesHubTests.WhenAsync(() => WebhookCursor.Parse(_notes.Texts.Values.FirstOrDefault())?.Delivered.Contains(At(1)) == true));
        await CloseAsync(delivery, Candle(0, close: 105));
        await UntilTakenAsync(1);
        Assert.Equal(
            ("corrected", At(0)), ((string?)_receiver.Taken.Single()["event"], (long)_receiver.Taken.Single()["candle"]!["time"]!));
    }

    [Fact]
    public void A_cursor_is_kept_whole_and_stays_small()
    {
        var cursor = new WebhookCursor(new Rev(7), TimeRangeSet.Empty);
        for (var minute = 0; minute < 5000; minute += 2) cursor =
            cursor.After(Candle(minute) with { Rev = new Rev(100 + minute) }, BtcMinute.Timeframe);
        Assert.Equal(cursor, WebhookCursor.Parse(cursor.ToText()));
        Assert.True(cursor.ToText().Length < 32 * 1024);
        Assert.True(cursor.IsCorrection(Candle(4998)));
        Assert.False(cursor.IsCorrection(Candle(4997)));
        foreach (var broken in (string?[])[null, "", "{", "7", "{}", """{"Rev":1,"Delivered":[[1]]}""",
            """{"Rev":1,"Delivered":[null]}"""]) Assert.Null(WebhookCursor.Parse(broken));
    }

    private Task<WebhookDelivery> StartAsync(Action<string?>? changed = null, bool sendsClosed = true)
    {
        var target =
            new Webhook(new Uri("https://hooks.example.org/candles"), [BtcMinute], sendsClosed, true, Encoding.UTF8.GetBytes(Secret));
        var delivery =
            new WebhookDelivery(target, BtcMinute, _door, _core.Store, _notes, _sender, _metrics, _core.Time) { Changed = changed };
        _running = delivery.RunAsync(_stop.Token);
        return Task.FromResult(delivery);
    }

    private async Task StopAsync()
    {
        await _stop.CancelAsync();
        // Cancelled, which is the expected end.
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        _stop.Dispose();
        _stop = new CancellationTokenSource();
    }

    private async Task CloseAsync(WebhookDelivery delivery, Candle candle)
    {
        var stored = await SaveAsync(candle);
        delivery.OnUpdate(new CandleUpdate(BtcMinute, stored));
    }

    private async Task<Candle> SaveAsync(Candle candle)
    {
        candle = candle with { Closed = true, Rev = candle.Rev == Rev.None ? new Rev(++_rev) : candle.Rev };
        await _core.Store.SaveAsync(new StoreBatch([new StoredCandle(BtcMinute, candle)], []), Cancel);
        return candle;
    }

    private Task<bool> UntilTakenAsync(int count) => _core.InTime(SeriesHubTests.WhenAsync(() => _receiver.Taken.Count >= count));

    private sealed class Notes : INoteStore
    {
        public ConcurrentDictionary<string, string> Texts { get; } = new();

        public Task<string?> FindNoteAsync(string name, CancellationToken cancel) => Task.FromResult(Texts.GetValueOrDefault(name));

        public Task SaveNoteAsync(string name, string text, CancellationToken cancel)
        {
            Texts[name] = text;
            return Task.CompletedTask;
        }
    }

    private sealed record Call(string Address, string Signature, byte[] Bytes, JsonNode Body);

    // Answers in turn, the last answer for ever; null hangs until the caller gives up.
    private sealed class Receiver : HttpMessageHandler
    {
        private int _answered;
        private HttpStatusCode?[] _answers = [HttpStatusCode.OK];

        public ConcurrentQueue<Call> Calls { get; } = new();

        public ConcurrentQueue<JsonNode> Taken { get; } = new();

        public HttpStatusCode?[] Answers
        {
            get => _answers;
            set
            {
                _answered = 0;
                Volatile.Write(ref _answers, value);
            }
        }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var bytes = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
            var body = JsonNode.Parse(bytes)!;
            Calls.Enqueue(
                new Call(request.RequestUri!.ToString(), request.Headers.GetValues(WebhookSender.SignatureHeader).Single(), bytes, body));
            var answer = Answers[Math.Min(_answered++, Answers.Length - 1)];
            if (answer is null) await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            if (answer == HttpStatusCode.OK) Taken.Enqueue(body);
            return new HttpResponseMessage(answer!.Value) { Headers = { Location = new Uri("http://127.0.0.1/inside") } };
        }
    }

    private sealed class NoSymbols : ISymbolDirectory
    {
        public IReadOnlyList<string> Symbols => [];

        public SymbolCheck Check(string symbol) => new(SymbolStanding.NotKnownYet, []);
    }
}
