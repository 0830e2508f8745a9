using System.Globalization;
using System.Net;
using CandleStream.Providers;
using Microsoft.Extensions.Logging;

namespace CandleStream.Exchanges.Kraken;

/// <summary>Asks the exchange's REST interface, within the budget, and believes only what can be true.</summary>
internal sealed partial class KrakenRestClient(
    HttpMessageHandler handler, KrakenOptions options, RestBudget budget, TimeProvider time, ExchangeMetrics metrics, ILogger logger)
        : IExchangeRest, IDisposable
{
    // The exchange does not say how long it bans.
    private static readonly TimeSpan BanTime = TimeSpan.FromMinutes(2);

    private readonly ILogger _logger = logger;
    private readonly LogGate _logGate = new(time);
    private readonly RestCaller _caller = new(
        handler, options.RestUrl.AbsoluteUri.TrimEnd('/') + "/0/public", options.RestTimeout, options.MaxRestAnswerBytes, budget, time,
        metrics);

    /// <summary>
    /// The candles of <paramref name="range"/>, as far as the exchange keeps them: one answer holds all of them up to the present.
    /// </summary>
    /// <exception cref="CandleProviderException">No answer, a refusal, or an answer that cannot be true.</exception>
    public async Task<HistoryPage> FetchAsync(
        SeriesKey series, TimeRange range, FetchPurpose purpose, long followedSince, CancellationToken cancel)
    {
        if (range.IsEmpty) return new HistoryPage(range, [], 0);
        // The exchange tells what comes after a second.
        var before = Math.Max(0, (series.Timeframe.CeilingOf(range.From) / 1000) - 1);
        var since = string.Create(CultureInfo.InvariantCulture, $"&since={before}");
        return await FetchAsync(series, range, since, purpose, followedSince, cancel);
    }

    /// <summary>The newest candles, the running one included.</summary>
    /// <exception cref="CandleProviderException">As for
    /// <see cref="FetchAsync(SeriesKey, TimeRange, FetchPurpose, long, CancellationToken)"/>.</exception>
    public Task<HistoryPage> FetchNewestAsync(SeriesKey series, long followedSince, CancellationToken cancel) =>
        FetchAsync(series, null, "", FetchPurpose.Polling, followedSince, cancel);

    /// <summary>The symbols that are traded, as our series name them.</summary>
    /// <exception cref="CandleProviderException">No answer, or one that is not understood.</exception>
    public async Task<SymbolListing> FetchSymbolsAsync(CancellationToken cancel)
    {
        var answer = await _caller.AskAsync(
            "/AssetPairs", FetchPurpose.History, "symbols", default, time.GetTimestamp(), Heed, cancel);
        if (answer.Status != HttpStatusCode.OK || KrakenListing.Read(answer.Body.Span) is not { } listed)
            throw Failure("symbols", KrakenAnswer.ReadCandles(answer.Body.Span), answer.Status);
        metrics.RestCall("symbols", "ok");
        return new SymbolListing([.. listed.Select(s => $"{Exchange.Kraken}:{s}").Where(SeriesKey.IsWellFormedSymbol)
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]);
    }

    /// <summary>
    /// The exchange refuses our sockets because there were too many: the same edge serves REST, and what is asked there makes it longer.
    /// </summary>
    public void OnSocketsRefused() => Ban(HttpStatusCode.TooManyRequests);

    public void Dispose() => _caller.Dispose();

    private async Task<HistoryPage> FetchAsync(
        SeriesKey series, TimeRange? range, string since, FetchPurpose purpose, long followedSince, CancellationToken cancel)
    {
        var name = ExchangeMetrics.NameOf(purpose);
        var path = string.Create(
            CultureInfo.InvariantCulture,
            $"/OHLC?pair={KrakenNames.RestNameOf(series.Pair)}&interval={KrakenNames.IntervalOf(series.Timeframe)}{since}");
        var answer = await _caller.AskAsync(path, purpose, name, series, followedSince, Heed, cancel);
        var read = KrakenAnswer.ReadCandles(answer.Body.Span);
        if (read.Rows is null || answer.Status != HttpStatusCode.OK) throw Failure(name, read, answer.Status);
        metrics.RestCall(name, "ok");
        if (read.Unreadable.Count > 0) OnDropped(read.Unreadable.Count);
        var unreadable = HistoryPageReader.TimesOf(read.Unreadable, read.Rows, series.Timeframe);
        return KrakenPageReader.Read(read.Rows, unreadable, range, series.Timeframe, answer.AsOf, OnDropped);
    }

    private void Heed(HttpResponseMessage response)
    {
        if (response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.Forbidden) Ban(response.StatusCode);
    }

    private CandleProviderException Failure(string name, in KrakenAnswer read, HttpStatusCode status)
    {
        if (read.IsAboutLimit) Ban(status);
        return _caller.Failure(name, status, read.Error, read.IsAboutSymbol);
    }

    private void Ban(HttpStatusCode status)
    {
        var ban = _caller.Ban("the exchange limits our calls", BanTime, status);
        if (_logGate.Allows("ban")) LogBanned(ban);
    }

    private void OnDropped(int rows)
    {
        metrics.RestRowsDropped(rows);
        if (_logGate.Allows("rows dropped")) LogRowsDropped(rows);
    }

    [LoggerMessage(LogLevel.Warning, "Kraken: {Ban}; no REST call goes out until then")]
    private partial void LogBanned(string ban);

    [LoggerMessage(LogLevel.Warning,
        "A REST answer of Kraken held {Rows} candles that cannot be read, at no time of a candle or there twice; they were dropped")]
    private partial void LogRowsDropped(int rows);
}
