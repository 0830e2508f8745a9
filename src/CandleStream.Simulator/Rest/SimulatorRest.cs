using CandleStream.Simulator.Faults;
using CandleStream.Simulator.Markets;

namespace CandleStream.Simulator.Rest;

/// <summary>
/// The REST side of an exchange, without HTTP: path and query in, answer out. Kestrel and the in-process handler both ask here. What is
/// answered, each dialect says.
/// </summary>
internal abstract class SimulatorRest(IMarket market, FaultBoard faults, TimeProvider time)
{
    private int _answering;

    public RestCallLog Calls { get; } = new();

    /// <summary>True while a call is being answered that does not wait for the clock.</summary>
    public bool IsBusy => Volatile.Read(ref _answering) > 0;

    /// <param name="path">From the root: <c>/v2/candles/trade:1m:tBTCUSD/hist</c>, decoded.</param>
    /// <param name="query">With or without its question mark.</param>
    /// <param name="gone">Ends the wait of a slow answer.</param>
    public async Task<RestAnswer> AnswerAsync(string path, string? query, CancellationToken gone)
    {
        var key = KeyOf(path, query ?? "");
        if (faults.Strike(FaultKind.RestSlow, key) is { } slow)
            await Task.Delay(TimeSpan.FromMilliseconds(slow.DelayMs), time, gone);
        Interlocked.Increment(ref _answering);
        try
        {
            // Read before the content: an answer must not claim to be newer than what it holds, even if the clock moves in between.
            var date = DateTimeOffset.FromUnixTimeMilliseconds(market.Now + WrongBy(key));
            var answer = Answer(path, query ?? "") with { Date = date };
            if (answer.Status != 0 && faults.Strike(FaultKind.RestBadGzip, key) is not null)
                answer = answer.AsSpoiledGzip();
            Calls.Add(new RestCall(time.GetUtcNow(), path, (query ?? "").TrimStart('?'), answer.Status));
            return answer;
        }
        finally
        {
            Interlocked.Decrement(ref _answering);
        }
    }

    /// <summary>The answer to one call. <see cref="RestAnswer.Date"/> is filled in afterwards.</summary>
    protected abstract RestAnswer Answer(string path, string query);

    /// <summary>The candles key that a call is about; null where it is about none.</summary>
    protected abstract string? KeyOf(string path, string query);

    private int WrongBy(string? key) =>
        faults.Strike(FaultKind.RestDateAhead, key) is { } ahead ? ahead.DelayMs
        : faults.Strike(FaultKind.RestDateBehind, key) is { } behind ? -behind.DelayMs
        : 0;
}
