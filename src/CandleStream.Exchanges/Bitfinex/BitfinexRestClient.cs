using System.Globalization;
using System.Net;
using CandleStream.Providers;
using Microsoft.Extensions.Logging;

namespace CandleStream.Exchanges.Bitfinex;

/// <summary>Asks the exchange's REST interface, within the budget, and believes only what can be true.</summary>
internal sealed partial class BitfinexRestClient(
    HttpMessageHandler handler, BitfinexOptions options, RestBudget budget, TimeProvider time, ExchangeMetrics metrics, ILogger logger)
        : IExchangeRest, IDisposable
{
    /// <summary>The most candles that one answer holds. Source: Bitfinex documentation, rest-public-candles.</summary>
    public const int PageLimit = 10_000;

    // Enough for a poll to reach back over the longest interval that 250 polled series can have.
    private const int NewestLimit = 100;

    // How long the exchange blocks an address that asked too often. Source: Bitfinex documentation, requirements-and-limitations.
    private static readonly TimeSpan BlockTime = TimeSpan.FromSeconds(60);

    private readonly ILogger _logger = logger;

    // The most candles to ask for in one call: fewer than documented once the exchange refused that. Several calls may find that out at
    // once.
    private int _limit = PageLimit;
    private int _toldLimit = PageLimit;
    private readonly LogGate _logGate = new(time);
    private readonly RestCaller _caller = new(
        handler, options.RestUrl.AbsoluteUri.TrimEnd('/'), options.RestTimeout, options.MaxRestAnswerBytes, budget, time, metrics);

    /// <summary>One page of history: the candles of <paramref name="range"/> from its beginning, as many as a page holds.</summary>
    /// <exception cref="CandleProviderException">No answer, a refusal, or an answer that cannot be true.</exception>
    public async Task<HistoryPage> FetchAsync(
        SeriesKey series, TimeRange range, FetchPurpose purpose, long followedSince, CancellationToken cancel)
    {
        if (range.IsEmpty) return new HistoryPage(range, [], 0);
        var bounds = string.Create(CultureInfo.InvariantCulture, $"start={range.From}&end={range.To - 1}&sort=1");
        var (rows, unreadable, limit, asOf) = await FetchCandlesAsync(series, PageLimit, bounds, purpose, followedSince, cancel);
        return HistoryPageReader.Read(rows, unreadable, range, limit, series.Timeframe, asOf, OnDropped);
    }

    /// <summary>The newest candles, the running one included.</summary>
    /// <exception cref="CandleProviderException">As for <see cref="FetchAsync"/>.</exception>
    public async Task<HistoryPage> FetchNewestAsync(SeriesKey series, long followedSince, CancellationToken cancel)
    {
        var (rows, unreadable, _, asOf) =
            await FetchCandlesAsync(series, NewestLimit, "sort=-1", FetchPurpose.Polling, followedSince, cancel);
        return HistoryPageReader.ReadNewest(rows, unreadable, series.Timeframe, asOf, OnDropped);
    }

    /// <summary>
    /// The pairs and perpetuals that are listed, sorted, without the exchange's leading <c>t</c>; whether both lists came.
    /// </summary>
    /// <exception cref="CandleProviderException">No answer, or one that is not understood.</exception>
    public async Task<SymbolListing> FetchSymbolsAsync(CancellationToken cancel)
    {
        string[] labels = ["pub:list:pair:exchange", "pub:list:pair:futures"];
        var answer =
            await AskAsync("/conf/" + string.Join(',', labels), FetchPurpose.History, "symbols", default, time.GetTimestamp(), cancel);
        var lists = answer.Status == HttpStatusCode.OK ? RestAnswer.ReadSymbols(answer.Body.Span) : [];
        List<List<string>> usable = [.. lists.Select(l => l.FindAll(SeriesKey.IsWellFormedSymbol)).Where(l => l.Count > 0)];
        if (usable.Count == 0) throw Failure("symbols", RestAnswer.ReadCandles(answer.Body.Span), answer.Status);
        metrics.RestCall("symbols", "ok");
        return new SymbolListing([.. usable.SelectMany(l => l).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            IsWhole: usable.Count >= labels.Length);
    }

    /// <summary>The exchange's answer to a question that is none of ours; it waits until no question of ours waits.</summary>
    /// <exception cref="CandleProviderException">No answer, or the exchange limits our calls.</exception>
    public async Task<PassedAnswer> PassAsync(string pathAndQuery, CancellationToken cancel)
    {
        var answer = await AskAsync(pathAndQuery, FetchPurpose.Record, "passed", default, time.GetTimestamp(), cancel);
        var isLimit = answer.Status == HttpStatusCode.TooManyRequests
            || (answer.Status != HttpStatusCode.OK && RestAnswer.ReadCandles(answer.Body.Span).ErrorCode == 11010);
        if (isLimit) throw Failure("passed", RestAnswer.ReadCandles(answer.Body.Span), answer.Status);
        metrics.RestCall("passed", answer.Status == HttpStatusCode.OK ? "ok" : "error");
        return new PassedAnswer((int)answer.Status, answer.Body);
    }

    public void Dispose() => _caller.Dispose();

    private async Task<(List<Candle> Rows, TimeRangeSet Unreadable, int Limit, long? AsOf)> FetchCandlesAsync(
        SeriesKey series, int limit, string bounds, FetchPurpose purpose, long followedSince, CancellationToken cancel)
    {
        var name = ExchangeMetrics.NameOf(purpose);
        while (true)
        {
            var asked = Math.Min(limit, Volatile.Read(ref _limit));
            var path = string.Create(CultureInfo.InvariantCulture, $"/candles/{BitfinexRequest.KeyOf(series)}/hist?limit={asked}&{bounds}");
            var answer = await AskAsync(path, purpose, name, series, followedSince, cancel);
            var read = RestAnswer.ReadCandles(answer.Body.Span);
            if (read.Rows is not null && answer.Status == HttpStatusCode.OK)
            {
                metrics.RestCall(name, "ok");
                TellLimit();
                var unreadable = read.Unreadable ?? [];
                if (unreadable.Count > 0) OnDropped(unreadable.Count);
                return (read.Rows, HistoryPageReader.TimesOf(unreadable, read.Rows, series.Timeframe), asked, answer.AsOf);
            }

            if (!read.IsAboutLimit || asked == 1) throw Failure(name, read, answer.Status);
            metrics.RestCall(name, "error");
            if (Volatile.Read(ref _limit) > asked / 2) Volatile.Write(ref _limit, asked / 2);
        }
    }

    private void TellLimit()
    {
        var limit = Volatile.Read(ref _limit);
        if (Interlocked.Exchange(ref _toldLimit, limit) != limit) LogLimit(limit);
    }

    private Task<RestReply> AskAsync(
        string path, FetchPurpose purpose, string name, SeriesKey series, long followedSince, CancellationToken cancel) =>
        _caller.AskAsync(path, purpose, name, series, followedSince, null, cancel);

    private CandleProviderException Failure(string name, RestAnswer read, HttpStatusCode status)
    {
        // The block is told by a status or by a code, not always by both.
        if (status == HttpStatusCode.TooManyRequests || read.ErrorCode == 11010)
        {
            budget.Block(BlockTime);
            metrics.RestCall(name, "rate_limited");
            return new CandleProviderException("the exchange limits our REST calls; pausing for 60 s");
        }

        return _caller.Failure(name, status, read.Error, read.IsAboutSymbol);
    }

    private void OnDropped(int rows)
    {
        metrics.RestRowsDropped(rows);
        if (_logGate.Allows("rows dropped")) LogRowsDropped(rows);
    }

    [LoggerMessage(LogLevel.Warning, "The exchange accepts at most {Limit} candles in a REST call now; history takes more calls")]
    private partial void LogLimit(int limit);

    [LoggerMessage(LogLevel.Warning,
        "A REST answer held {Rows} candles that cannot be read, were not asked for, out of order or there twice; they were dropped")]
    private partial void LogRowsDropped(int rows);
}
