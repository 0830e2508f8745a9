using System.Globalization;
using System.Net;
using CandleStream.Providers;

namespace CandleStream.Exchanges;

/// <summary>An answer over REST.</summary>
/// <param name="Body">What it holds.</param>
/// <param name="Status">Its status.</param>
/// <param name="AsOf">The exchange's time of it (Unix ms); null where it tells none.</param>
internal readonly record struct RestReply(ReadOnlyMemory<byte> Body, HttpStatusCode Status, long? AsOf);

/// <summary>
/// Asks any exchange's REST interface, within the budget, and gives what goes wrong on the way its name. What an answer says, each dialect
/// reads. While the exchange bans us nothing is asked: who would ask is told until when.
/// </summary>
/// <param name="handler">Answers the calls; disposed by its maker.</param>
/// <param name="root">What stands before every path.</param>
/// <param name="timeout">How long a call may take.</param>
/// <param name="maxAnswerBytes">The longest answer read.</param>
/// <param name="budget">Says when it is a call's turn.</param>
/// <param name="time">The clock of the time-out and of bans.</param>
/// <param name="metrics">Counts calls that fail.</param>
internal sealed class RestCaller(
    HttpMessageHandler handler, string root, TimeSpan timeout, int maxAnswerBytes, RestBudget budget, TimeProvider time,
    ExchangeMetrics metrics) : IDisposable
{
    private readonly HttpMessageInvoker _http = new(handler, disposeHandler: false);
    private volatile string? _ban;

    /// <summary>Makes one call when it is its turn.</summary>
    /// <param name="path">What follows the root.</param>
    /// <param name="purpose">What it is for: how urgent it is.</param>
    /// <param name="name">What the metrics call it.</param>
    /// <param name="series">The series it is for; the default value for calls that concern none.</param>
    /// <param name="followedSince">When the series began to be followed (timestamp).</param>
    /// <param name="heed">Told of the answer's status and headers before its body is read; null where they say nothing.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="CandleProviderException">No answer, or we are banned.</exception>
    public async Task<RestReply> AskAsync(
        string path, FetchPurpose purpose, string name, SeriesKey series, long followedSince, Action<HttpResponseMessage>? heed,
        CancellationToken cancel)
    {
        ThrowIfBanned(name);
        await budget.WaitAsync(purpose, series, followedSince, cancel);
        ThrowIfBanned(name);
        using var limit = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, root + path);
            using var response = await _http.SendAsync(request, either.Token);
            heed?.Invoke(response);
            var body = await RestBody.ReadAsync(response, maxAnswerBytes, either.Token);
            return new RestReply(body, response.StatusCode, RestBody.ExchangeTimeOf(response));
        }
        catch (Exception e)
        {
            // A call that failed while it was given up was given up: its caller expects nothing else.
            cancel.ThrowIfCancellationRequested();
            throw Failure(name, e, limit.IsCancellationRequested);
        }
    }

    /// <summary>The exchange wants no calls for this long.</summary>
    /// <param name="what">What it did, such as "the exchange limits our REST calls"; when it ends is added.</param>
    /// <param name="wait">For how long.</param>
    /// <param name="status">The status that said so.</param>
    /// <returns>What people are told.</returns>
    public string Ban(string what, TimeSpan wait, HttpStatusCode status)
    {
        var until = time.GetUtcNow() + wait;
        var ban = string.Create(CultureInfo.InvariantCulture, $"{what} until {until:HH:mm:ss} UTC (HTTP {(int)status})");
        _ban = ban;
        budget.Block(wait);
        return ban;
    }

    /// <summary>An answer came that does not answer the question.</summary>
    /// <param name="name">What the metrics call the call.</param>
    /// <param name="status">Its status.</param>
    /// <param name="error">What it says is wrong; null where it says nothing.</param>
    /// <param name="isRefusal">True where asking again cannot help.</param>
    public CandleProviderException Failure(string name, HttpStatusCode status, string? error, bool isRefusal)
    {
        if (_ban is { } ban)
        {
            metrics.RestCall(name, "rate_limited");
            return new CandleProviderException(ban);
        }

        metrics.RestCall(name, isRefusal ? "refused" : "error");
        return new CandleProviderException($"the exchange answered over REST with HTTP {(int)status} and {error ?? "no list"}", isRefusal);
    }

    public void Dispose() => _http.Dispose();

    private void ThrowIfBanned(string name)
    {
        if (_ban is not { } ban) return;
        if (budget.BlockedFor <= TimeSpan.Zero)
        {
            _ban = null;
            return;
        }

        metrics.RestCall(name, "rate_limited");
        throw new CandleProviderException(ban);
    }

    // Whatever the way to the exchange throws is a failure on that way: a spoiled body shows as no kind of connection trouble.
    private CandleProviderException Failure(string name, Exception e, bool isTimeout)
    {
        if (isTimeout)
        {
            metrics.RestCall(name, "timeout");
            return new CandleProviderException("the exchange did not answer over REST in time", inner: e);
        }

        var isUnreachable = ConnectFailedException.IsConnectionTrouble(e) || e is UriFormatException;
        metrics.RestCall(name, isUnreachable ? "unreachable" : "error");
        return new CandleProviderException(
            isUnreachable ? "the exchange cannot be reached over REST" : "the exchange's answer over REST cannot be read", inner: e);
    }
}
