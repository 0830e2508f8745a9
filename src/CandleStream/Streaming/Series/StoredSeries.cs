using CandleStream.Storage;

namespace CandleStream.Streaming.Series;

/// <summary>A series that nobody follows: its rows, and what is fetched into them.</summary>
internal sealed class StoredSeries(SeriesKey key, CandleArchive archive, FetchHistory fetch) : ISeriesPast
{
    public SeriesKey Key => key;

    public async ValueTask<SeriesExtent> ExtentAsync(CancellationToken cancel)
    {
        var archived = await archive.LoadAsync(key, 1, cancel);
        return new SeriesExtent(
            archived?.Record?.Verified ?? TimeRangeSet.Empty, null, archived?.Newest is [var newest] ? newest.Time : null);
    }

    public Task<SeriesPart> ReadAsync(TimeRange range, int limit, bool newestEnd, CancellationToken cancel) =>
        new SeriesReader(archive).ReadAsync(key, null, range, limit, newestEnd, cancel);

    public Task<bool> FillAsync(TimeRangeSet missing, TimeSpan wait, CancellationToken cancel) => fetch(key, missing, wait, cancel);
}
