using CandleStream.Server.Endpoints;
using CandleStream.Streaming;

namespace CandleStream.Server.Doors;

/// <summary>The one way in which the routes for other people's programs reach candles: UDF, agents, exchange dialects, webhooks.</summary>
internal sealed class CandleDoor(CandleStreamService service, CandleHistory history, ICandleProvider provider, ISymbolDirectory symbols)
{
    /// <summary>True while the prices are invented: every door says so where its language has a place for it.</summary>
    public bool IsSimulated => provider.IsSimulated;

    public ISymbolDirectory Symbols => symbols;

    /// <summary>Candles of a range, and which times of it are unverified without being a named gap of a followed series.</summary>
    /// <exception cref="SeriesLimitException">The query reaches the present, and too many series are open.</exception>
    public async Task<DoorAnswer> ReadAsync(HistoryQuery query, CancellationToken cancel)
    {
        // A gap may be named or repaired while the query runs: named is what was named at either end of it.
        var before = StatusOf(query.Series);
        var answer = await history.QueryAsync(query, cancel);
        var named = TimeRangeSet.Of((before?.Gaps ?? []).Concat(StatusOf(query.Series)?.Gaps ?? []));
        return new DoorAnswer(answer, TimeRangeSet.Of(answer.Gaps).Subtract(named));
    }

    /// <summary>The state of an open series; null where nobody follows it.</summary>
    public SeriesStatus? StatusOf(SeriesKey series) => service.TryFind(series, out var hub) ? hub.Status : null;
}

/// <summary>An answer of the history.</summary>
/// <param name="History">The candles, their gaps, and where to go on.</param>
/// <param name="Unverified">Gaps that no followed series names: the exchange was not asked for these times, or did not answer.</param>
internal sealed record DoorAnswer(HistoryAnswer History, TimeRangeSet Unverified);
