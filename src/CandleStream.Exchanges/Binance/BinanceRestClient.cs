using System.Globalization;
using System.Net;
using CandleStream.Providers;
using Microsoft.Extensions.Logging;

namespace CandleStream.Exchanges.Binance;

/// <summary>Asks the exchange's REST interface, within the budget, and believes only what can be true.</summary>
internal sealed partial class BinanceRestClient(
    HttpMessageHandler handler, BinanceOptions options, RestBudget budget, TimeProvider time, ExchangeMetrics metrics, ILogger logger)
        : IExchangeRest, IDisposable
{
    /// <summary>The most candles that one answer holds. Source: Binance documentation, rest-api, "klines".</summary>
    public const int PageLimit = 1000;

    // What a series begins with, and enough for a poll to reach back over the longest interval that polled series can have.
    private const int NewestLimit = 240;

    // The exchange's own figure, until it says another.
    private const int UsualWeight = 6000;

    // Others may share our address: what is left is theirs as well.
    private const double OurShare = 0.8;

    // How long we are silent where the exchange does not say how long: its shortest ban.
    private static readonly TimeSpan ShortestBan = TimeSpan.FromMinutes(2);

    private readonly ILogger _logger = logger;
    private readonly LogGate _logGate = new(time);
    private readonly RestCaller _caller = new(
        handler, options.RestUrl.AbsoluteUri.TrimEnd('/') + "/api/v3", options.RestTimeout, options.MaxRestAnswerBytes, budget, time,
        metrics);

    private int _weightPerMinute = UsualWeight;

    /// <summary>True once the other side said that it is the simulator.</summary>
    public bool IsSimulated { get; private set; }

    /// <summary>One page of history: the candles of <paramref name="range"/> from its beginning, as many as a page holds.</summary>
    /// <exception cref="CandleProviderException">No answer, a refusal, or an answer that cannot be true.</exception>
    public async Task<HistoryPage> FetchAsync(
        SeriesKey series, TimeRange range, FetchPurpose purpose, long followedSince, CancellationToken cancel)
    {
        if (range.IsEmpty) return new HistoryPage(range, [], 0);
        var bounds = string.Create(CultureInfo.InvariantCulture, $"&startTime={range.From}&endTime={range.To - 1}");
        var (rows, unreadable, asOf) = await FetchCandlesAsync(series, PageLimit, bounds, purpose, followedSince, cancel);
        return Traded(HistoryPageReader.Read(rows, unreadable, range, PageLimit, series.Timeframe, asOf, OnDropped));
    }

    /// <summary>The newest candles, the running one included.</summary>
    /// <exception cref="CandleProviderException">As for <see cref="FetchAsync"/>.</exception>
    public async Task<HistoryPage> FetchNewestAsync(SeriesKey series, long followedSince, CancellationToken cancel) =>
        Traded(await FetchNewestAsync(series, FetchPurpose.Polling, followedSince, cancel));

    /// <summary>What a series begins with; urgent, for it is not followed before.</summary>
    /// <exception cref="CandleProviderException">As for <see cref="FetchAsync"/>.</exception>
    public async Task<BinanceHistory> FetchHistoryAsync(SeriesKey series, CancellationToken cancel)
    {
        var page = await FetchNewestAsync(series, FetchPurpose.Repair, time.GetTimestamp(), cancel);
        return new BinanceHistory(
            Traded(page).Candles.Select(c => c with { Origin = CandleOrigin.Push }).ToList(), page.AsOf,
            page.Candles is [.., var last] ? last.Time : null);
    }

    /// <summary>The symbols that are traded, as our series name them.</summary>
    /// <exception cref="CandleProviderException">No answer, or one that is not understood.</exception>
    public async Task<SymbolListing> FetchSymbolsAsync(CancellationToken cancel)
    {
        var answer = await AskAsync("/exchangeInfo", FetchPurpose.History, "symbols", default, time.GetTimestamp(), cancel);
        if (answer.Status != HttpStatusCode.OK || BinanceListing.Read(answer.Body.Span) is not { } listing)
            throw Failure("symbols", BinanceAnswer.ReadCandles(answer.Body.Span), answer.Status);
        metrics.RestCall("symbols", "ok");
        IsSimulated |= listing.IsSimulator;
        if (listing.WeightPerMinute is > 0 and var weight) Volatile.Write(ref _weightPerMinute, weight);
        return new SymbolListing([.. listing.Symbols.Select(s => $"{Exchange.Binance}:{s}").Where(SeriesKey.IsWellFormedSymbol)
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]);
    }

    public void Dispose() => _caller.Dispose();

    // A flat row stands where nothing was traded: it is as good as no row, and proves the same.
    private static HistoryPage Traded(HistoryPage page) => page with { Candles = [.. page.Candles.Where(c => c.Figures.Trades != 0)] };

    private async Task<HistoryPage> FetchNewestAsync(
        SeriesKey series, FetchPurpose purpose, long followedSince, CancellationToken cancel)
    {
        var (rows, unreadable, asOf) = await FetchCandlesAsync(series, NewestLimit, "", purpose, followedSince, cancel);
        return HistoryPageReader.ReadNewest(rows, unreadable, series.Timeframe, asOf, OnDropped);
    }

    private async Task<(List<Candle> Rows, TimeRangeSet Unreadable, long? AsOf)> FetchCandlesAsync(
        SeriesKey series, int limit, string bounds, FetchPurpose purpose, long followedSince, CancellationToken cancel)
    {
        var name = ExchangeMetrics.NameOf(purpose);
        var path = string.Create(CultureInfo.InvariantCulture,
            $"/klines?symbol={series.Pair}&interval={BinanceNames.IntervalOf(series.Timeframe)}&limit={limit}{bounds}");
        var answer = await AskAsync(path, purpose, name, series, followedSince, cancel);
        var read = BinanceAnswer.ReadCandles(answer.Body.Span);
        if (read.Rows is null || answer.Status != HttpStatusCode.OK) throw Failure(name, read, answer.Status);
        metrics.RestCall(name, "ok");
        if (read.Unreadable.Count > 0) OnDropped(read.Unreadable.Count);
        var rows = read.Rows.ConvertAll(r => r.Candle);
        return (rows, HistoryPageReader.TimesOf(read.Unreadable, rows, series.Timeframe), answer.AsOf);
    }

    private Task<RestReply> AskAsync(
        string path, FetchPurpose purpose, string name, SeriesKey series, long followedSince, CancellationToken cancel) =>
        _caller.AskAsync(path, purpose, name, series, followedSince, Heed, cancel);

    // What the exchange says of how much was asked of it. Source: Binance documentation, rest-api, "LIMITS".
    private void Heed(HttpResponseMessage response)
    {
        if (response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.Forbidden || (int)response.StatusCode == 418)
        {
            var wait = response.Headers.RetryAfter?.Delta is { } told && told > TimeSpan.Zero ? told : ShortestBan;
            var what = (int)response.StatusCode == 418 ? "the exchange has banned our address" : "the exchange limits our REST calls";
            LogBanned(_caller.Ban(what, wait, response.StatusCode));
            return;
        }

        if (response.Headers.TryGetValues("X-MBX-USED-WEIGHT-1M", out var values)
            && int.TryParse(values.First(), NumberStyles.None, CultureInfo.InvariantCulture, out var used)
            && used > Volatile.Read(ref _weightPerMinute) * OurShare)
        {
            // Its minutes are those of the clock.
            var second = (response.Headers.Date ?? time.GetUtcNow()).Second;
            budget.Block(TimeSpan.FromSeconds(61 - second));
            if (_logGate.Allows("weight")) LogWeight(used);
        }
    }

    private CandleProviderException Failure(string name, BinanceAnswer read, HttpStatusCode status) =>
        _caller.Failure(name, status, read.Error, read.IsAboutSymbol);

    private void OnDropped(int rows)
    {
        metrics.RestRowsDropped(rows);
        if (_logGate.Allows("rows dropped")) LogRowsDropped(rows);
    }

    [LoggerMessage(LogLevel.Warning, "Binance: {Ban}; no REST call goes out until then")]
    private partial void LogBanned(string ban);

    [LoggerMessage(LogLevel.Warning, "Binance says that a weight of {Used} was used in this minute; REST calls wait for the next")]
    private partial void LogWeight(int used);

    [LoggerMessage(LogLevel.Warning,
        "A REST answer of Binance held {Rows} candles that cannot be read, were not asked for, out of order or there twice; they were dropped")]
    private partial void LogRowsDropped(int rows);
}
