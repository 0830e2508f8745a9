using System.Globalization;
using System.Net;

namespace CandleStream.Exchanges.Bitfinex.Probe;

/// <summary>The checks of the REST interface, three seconds apart so that the address's limit is far away.</summary>
internal sealed class ProbeRestChecks(BitfinexOptions options, ExchangeTransport transport, TimeProvider time, ProbeFindings findings)
    : IDisposable
{
    private const string Topic = "REST";
    private const long Minute = 60_000;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(3);

    private readonly HttpMessageInvoker _http = new(transport.Http, disposeHandler: false);

    public async Task RunAsync(ProbeOptions what, CancellationToken cancel)
    {
        var key = $"trade:1m:t{what.Symbol}";
        var newest = await CheckNewestAsync(key, cancel);
        if (newest > 0) await CheckBoundsAsync(key, newest, cancel);
        await CheckStartsAsync(what.Symbol, cancel);
        await CheckErrorsAsync(key, cancel);
        await CheckSymbolsAsync(cancel);
    }

    public void Dispose() => _http.Dispose();

    private async Task<long> CheckNewestAsync(string key, CancellationToken cancel)
    {
        var answer = await AskAsync($"/candles/{key}/hist?limit=5", cancel);
        var rows = answer.Rows;
        Report("the newest candles", answer, rows is { Count: > 0 });
        if (answer.Status == 0) return 0;
        findings.Add(Topic, "Date and Age of an answer", $"{answer.Date ?? "no Date"}, {answer.Age ?? "no Age"}", answer.Date is not null);
        if (rows is not { Count: > 1 }) return 0;
        findings.Add(Topic, "newest first unless asked otherwise", rows[0].Time > rows[1].Time ? "yes" : "no", rows[0].Time > rows[1].Time);
        return rows.Max(c => c.Time);
    }

    private async Task CheckBoundsAsync(string key, long newest, CancellationToken cancel)
    {
        var from = newest - (60 * Minute);
        var range = await AskAsync(Format($"/candles/{key}/hist?start={from}&end={newest - Minute}&limit=10000&sort=1"), cancel);
        if (range.Rows is { Count: > 1 } rows)
        {
            Report("sort=1 is oldest first and both bounds are inclusive", range,
                rows[0].Time < rows[^1].Time && rows.All(c => c.Time >= from && c.Time <= newest - Minute));
            var one = await AskAsync(Format($"/candles/{key}/hist?start={rows[0].Time}&end={rows[0].Time}&limit=10&sort=1"), cancel);
            Report("start = end = a candle's time gives that candle", one, one.Rows is { Count: 1 });
        }

        var start = await AskAsync(Format($"/candles/{key}/hist?start={newest - (600 * Minute)}&limit=5"), cancel);
        Report("start alone gives the newest, not the oldest from there", start,
            start.Rows is { Count: > 0 } s && s.Max(c => c.Time) >= newest);
        var early = await AskAsync(Format($"/candles/{key}/hist?start=1&end={Minute}&limit=5&sort=1"), cancel);
        Report("a range before the listing is an empty list", early, early is { Status: HttpStatusCode.OK, Rows.Count: 0 });
    }

    private async Task CheckStartsAsync(string symbol, CancellationToken cancel)
    {
        foreach (var timeframe in Timeframe.All.Where(t => t.Name is "3h" or "12h" or "1D" or "1W" or "14D" or "1M"))
        {
            var answer = await AskAsync($"/candles/trade:{timeframe.Name}:t{symbol}/hist?limit=2", cancel);
            if (answer.Rows is not { Count: > 0 } rows)
            {
                findings.Add("Starts", timeframe.Name, answer.Describe(), ProbeVerdict.NotSeen);
                continue;
            }

            var at = DateTimeOffset.FromUnixTimeMilliseconds(rows[0].Time).UtcDateTime;
            findings.Add("Starts", timeframe.Name, at.ToString("ddd yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture),
                rows.All(c => timeframe.StartOf(c.Time) == c.Time));
        }
    }

    private async Task CheckErrorsAsync(string key, CancellationToken cancel)
    {
        var unknown = await AskAsync("/candles/trade:1m:tNOSUCHUSD/hist?limit=5", cancel);
        Report("an unknown symbol is error 10020", unknown, unknown.ErrorCode == 10020);
        var limit = await AskAsync($"/candles/{key}/hist?limit=10001", cancel);
        Report("a limit over 10000 is error 10020", limit, limit.ErrorCode == 10020);
    }

    private async Task CheckSymbolsAsync(CancellationToken cancel)
    {
        var (body, status, _, _) = await GetAsync("/conf/pub:list:pair:exchange,pub:list:pair:futures", cancel);
        List<string> symbols = [.. RestAnswer.ReadSymbols(body).SelectMany(l => l)];
        var answer = status == 0 ? null
            : symbols.Count == 0 ? $"HTTP {(int)status}, not understood"
            : $"{symbols.Count} symbols, {symbols.Count(s => s.Contains(':', StringComparison.Ordinal))} with a colon";
        findings.AddAnswer(Topic, "lists of pairs and perpetuals", answer, symbols.Count > 0);
        var odd = symbols.Find(s => !SeriesKey.IsWellFormedSymbol(s));
        if (symbols.Count > 0) findings.Add(Topic, "every symbol has the shape we accept", odd is null ? "yes" : $"no: {odd}", odd is null);
    }

    private async Task<Answer> AskAsync(string path, CancellationToken cancel)
    {
        var (body, status, date, age) = await GetAsync(path, cancel);
        var read = RestAnswer.ReadCandles(body);
        return new Answer(status, read.Rows, read.ErrorCode, read.Error, date, age);
    }

    private async Task<(byte[] Body, HttpStatusCode Status, string? Date, string? Age)> GetAsync(string path, CancellationToken cancel)
    {
        await Task.Delay(Pause, time, cancel);
        using var timeout = new CancellationTokenSource(options.RestTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, timeout.Token);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, options.RestUrl.AbsoluteUri.TrimEnd('/') + path);
            using var response = await _http.SendAsync(request, either.Token);
            var body = await response.Content.ReadAsByteArrayAsync(either.Token);
            return (body, response.StatusCode, response.Headers.Date?.ToString("R", CultureInfo.InvariantCulture),
                response.Headers.Age?.ToString());
        }
        catch (Exception e) when (!cancel.IsCancellationRequested && ConnectFailedException.IsConnectionTrouble(e))
        {
            return ([], 0, null, null);
        }
    }

    // No answer at all shows nothing of the exchange's interface.
    private void Report(string question, Answer answer, bool asAssumed) =>
        findings.AddAnswer(Topic, question, answer.Status == 0 ? null : answer.Describe(), asAssumed);

    private static string Format(FormattableString text) => FormattableString.Invariant(text);

    private sealed record Answer(HttpStatusCode Status, List<Candle>? Rows, int? ErrorCode, string? Error, string? Date, string? Age)
    {
        public string Describe() => Status == 0 ? "no answer"
            : Rows is null ? $"HTTP {(int)Status}, {Error}"
            : Rows.Count == 0 ? $"HTTP {(int)Status}, an empty list"
            : Format($"HTTP {(int)Status}, {Rows.Count} candles from {Rows[0].Time} to {Rows[^1].Time}");
    }
}
