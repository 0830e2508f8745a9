using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using CandleStream.EndToEndTests.History;
using CandleStream.EndToEndTests.Server;
using CandleStream.EndToEndTests.Stream;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace CandleStream.EndToEndTests.Webhooks;

/// <summary>
/// The real program, killed with SIGKILL while candles close and are revised, and a receiver that fails, hangs and comes back.
/// </summary>
public abstract class WebhookTests
{
    private const int Seed = 20_263;
    private const string Secret = "a secret of the test";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    protected abstract Task<string?> DatabaseUrlAsync();

    [Fact(Timeout = 300_000)]
    public async Task Every_closed_candle_and_correction_arrives_in_order_through_failures_and_kills()
    {
        var url = await DatabaseUrlAsync();
        using var folder = new TempFolder();
        await using var receiver = await Receiver.StartAsync();
        await using var market = await FastMarket.StartAsync(Seed, seconds: 12);
        string[] args =
        [
            $"--Urls=http://127.0.0.1:{FreePort.Take()}", $"--Storage:SqlitePath={folder.File("candles.db")}",
            .. market.Settings.Select(s => $"--{s.Key}={s.Value}"),
            "--Webhooks:AllowPrivateAddresses=true", $"--Webhooks:Targets:0:Url={receiver.Address}",
            $"--Webhooks:Targets:0:Series={string.Join(',', FastMarket.Series)}", $"--Webhooks:Targets:0:Secret={Secret}",
        ];
        var environment = url is null ? new Dictionary<string, string>() : new Dictionary<string, string> { ["DATABASE_URL"] = url };

        foreach (var count in (int[])[20, 120])
        {
            await using var killed = await ServerProcess.StartAsync(args, environment, folder);
            await Eventually.TrueAsync(() => receiver.Taken.Count >= count);
            await killed.KillAsync();
            receiver.SenderWasKilled();
        }

        await using var last = await ServerProcess.StartAsync(args, environment, folder);
        foreach (var series in FastMarket.Series) await market.UntilSameAsync("the receiver", series, () => receiver.Closed(series));
        Assert.True(receiver.Refused > 10, "the receiver failed now and then");
        Assert.Empty(receiver.Faults);
        last.Terminate();
        Assert.Equal(0, await last.ExitAsync());
        Assert.DoesNotContain(last.Output, l => l.Contains(Secret, StringComparison.Ordinal));
    }

    /// <summary>What a receiver was told of one series.</summary>
    private sealed class Told
    {
        private readonly Lock _lock = new();
        private readonly HashSet<long> _times = [];
        private readonly HashSet<long> _doubtful = [];
        private (long Time, long Rev) _last;

        /// <summary>Notes one delivery; says what is wrong with it, or null.</summary>
        public string? Fault(long time, long rev, bool isCorrection)
        {
            lock (_lock)
            {
                // The last one may come again, never an older one.
                if (rev < _last.Rev) return $"after {_last.Rev}";
                var isAgain = rev == _last.Rev;
                var (isNew, isDoubtful) = (_times.Add(time), _doubtful.Remove(time));
                _last = (time, rev);
                if (isAgain || isDoubtful || isCorrection != isNew) return null;
                return isNew ? "is new, and called a correction" : "is a correction, and called closed";
            }
        }

        public void LastIsDoubtful()
        {
            lock (_lock) _doubtful.Add(_last.Time);
        }
    }

    private sealed class Receiver : IAsyncDisposable
    {
        private readonly WebApplication _app;
        private readonly ConcurrentDictionary<SeriesKey, Told> _told = new();
        private readonly ConcurrentDictionary<(SeriesKey, long), Candle> _candles = new();
        private int _calls;
        private int _refused;

        private Receiver(WebApplication app) => _app = app;

        public Uri Address => new(_app.Urls.Single() + "/hook");

        public int Refused => Volatile.Read(ref _refused);

        public ConcurrentQueue<string> Taken { get; } = new();

        /// <summary>What must not happen: a wrong signature, an older version, a wrong event.</summary>
        public ConcurrentQueue<string> Faults { get; } = new();

        public static async Task<Receiver> StartAsync()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var app = builder.Build();
            var receiver = new Receiver(app);
            app.MapPost("/hook", receiver.AnswerAsync);
            await app.StartAsync(Cancel);
            return receiver;
        }

        public IReadOnlyList<Candle> Closed(SeriesKey series) =>
            [.. _candles.Where(c => c.Key.Item1 == series).Select(c => c.Value).OrderBy(c => c.Time)];

        /// <summary>
        /// A killed sender cannot know whether its last delivery of a series was taken. That one may come again, as closed too.
        /// </summary>
        public void SenderWasKilled()
        {
            foreach (var told in _told.Values) told.LastIsDoubtful();
        }

        public ValueTask DisposeAsync() => _app.DisposeAsync();

        private async Task AnswerAsync(HttpContext context)
        {
            using var buffer = new MemoryStream();
            await context.Request.Body.CopyToAsync(buffer, Cancel);
            var call = Interlocked.Increment(ref _calls);
            // One in sixteen fails, and one hangs until the caller gives up; the first ones fail in a row.
            if (call is 3 or 4 || call % 16 == 0)
            {
                Interlocked.Increment(ref _refused);
                context.Response.StatusCode = call % 32 == 0 ? StatusCodes.Status302Found : StatusCodes.Status500InternalServerError;
                context.Response.Headers.Location = "/elsewhere";
                return;
            }

            if (call == 41)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return;
            }

            Take(buffer.ToArray(), context.Request.Headers["X-CandleStream-Signature"].ToString());
        }

        private void Take(byte[] bytes, string signature)
        {
            if (signature != $"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), bytes))}")
                Faults.Enqueue("signature");
            var body = JsonNode.Parse(bytes)!;
            var (id, series, candle) = ((string)body["id"]!, SeriesKey.Parse((string)body["series"]!), body["candle"]!);
            var (time, rev) = ((long)candle["time"]!, (long)candle["rev"]!);
            Taken.Enqueue(id);
            var isCorrection = (string?)body["event"] == "corrected";
            if (_told.GetOrAdd(series, _ => new()).Fault(time, rev, isCorrection) is { } fault) Faults.Enqueue($"{id} {fault}");
            if (!(bool)candle["closed"]!) Faults.Enqueue($"{id} is not closed");
            _candles[(series, time)] = new Candle(
                time, (decimal)candle["open"]!, (decimal)candle["high"]!, (decimal)candle["low"]!, (decimal)candle["close"]!,
                (decimal)candle["volume"]!, Closed: true, Rev: new Rev(rev));
        }
    }
}

public sealed class Sqlite_WebhookTests : WebhookTests
{
    protected override Task<string?> DatabaseUrlAsync() => Task.FromResult<string?>(null);
}

public sealed class Postgres_WebhookTests(PostgresServer database) : WebhookTests
{
    protected override async Task<string?> DatabaseUrlAsync() => await database.CreateDatabaseAsync();
}
