using CandleStream.Providers;
using CandleStream.Storage;

namespace CandleStream.Server.Commands;

/// <summary>What the user asks of an import beside the file.</summary>
/// <param name="Complete">The file is complete between its ends: a candle that is not in it was never traded.</param>
/// <param name="SkipBad">Rows that are no candles are left out, instead of refusing the file.</param>
/// <param name="Format">One of <see cref="CandleFile.Formats"/>.</param>
internal sealed record ImportOptions(bool Complete, bool SkipBad, string Format = "auto");

/// <summary>
/// Reads candles from a file into the store. They are history, numbered by their ends; where the store has other values, they are a
/// revision, unless the server saw those values live. The whole file is checked before anything is saved.
/// </summary>
internal sealed class ImportCommand(CommandHost host, SeriesKey series, CandleFile file, long now)
{
    private const int NamedRefusals = 10;

    private readonly CandleTally _tally = new();

    // What the file does not vouch for: where a row was refused or left out.
    private readonly List<TimeRange> _holes = [];
    private long _rows, _running, _empty;
    private long? _first;
    private long _end;

    /// <returns>0 when the file was taken, else 1.</returns>
    public static async Task<int> RunAsync(CommandHost host, SeriesKey series, FileInfo path, ImportOptions options, CancellationToken stop)
    {
        using var file = await CandleFile.OpenAsync(path, stop, options.Format);
        file.CheckIsOf(series);
        if (file.Notes.Series is { } named && named != series)
            throw new CommandException($"{file.Name} holds candles of {named}, not of {series}.");
        if (file.Notes.IsSimulated && !host.IsSimulated)
            throw new CommandException(
                $"{file.Name} says SIMULATED: prices of the simulator are not for this store, which holds candles of {host.Source}.");
        return await new ImportCommand(host, series, file, await NowAsync(host, series, stop)).RunAsync(options, stop);
    }

    private async Task<int> RunAsync(ImportOptions options, CancellationToken stop)
    {
        await CheckAsync(stop);
        if (file.Notes.Rows is { } stated && stated != _rows)
            throw new CommandException(
                $"{file.Name} says that it holds {stated} candles, and has {_rows} rows: it was cut or changed. Without its last lines, those with #, it counts as any other file.");
        if (_running > 0) Console.WriteLine(
            _running == 1 ? "1 candle had not ended; it was left out." : $"{_running} candles had not ended; they were left out.");
        if (_empty > 0) Console.WriteLine($"{_empty} rows say that nothing was traded: they are no candles, and count as known.");
        if (_tally.Refused > 0 && !options.SkipBad)
        {
            Console.WriteLine("Nothing was stored; --skip-bad takes the other rows.");
            Console.WriteLine(new CandleTally { Refused = _tally.Refused });
            return 1;
        }

        if (options.Complete && file.Notes.Verified is not null)
            Console.WriteLine("The file says itself where it is complete; that counts, and not --complete.");
        await SaveAsync(vouchForEach: !options.Complete && file.Notes.Verified is null, stop);
        await SaveCoverageAsync(options.Complete);
        Console.WriteLine(_tally);
        return 0;
    }

    // The exchange's time where it answers, as candles are by it; else ours.
    private static async Task<long> NowAsync(CommandHost host, SeriesKey series, CancellationToken stop)
    {
        var ours = host.Time.GetUtcNow().ToUnixTimeMilliseconds();
        try
        {
            var page =
                await host.Provider.FetchAsync(series, new TimeRange(series.Timeframe.Before(ours), ours), FetchPurpose.History, stop);
            return page.AsOf > 0 ? page.AsOf : ours;
        }
        catch (CandleProviderException)
        {
            return ours;
        }
    }

    private async Task CheckAsync(CancellationToken stop)
    {
        var (holeFrom, isHole) = (long.MinValue, false);
        await foreach (var row in file.ReadAsync(series, now, stop))
        {
            _rows++;
            if (row.Refusal is { } reason)
            {
                if (_tally.Refused++ < NamedRefusals)
                    await Console.Error.WriteLineAsync($"candlestream: {file.Name}, row {row.Line}: {reason}.");
                isHole = true;
                continue;
            }

            // Where the refused row belongs is not known: somewhere between its neighbours.
            if (isHole) _holes.Add(new TimeRange(holeFrom, row.Candle.Time));
            var end = series.Timeframe.EndOf(row.Candle.Time);
            (holeFrom, isHole) = (end, false);
            if (row.IsRunning)
            {
                _running++;
                _holes.Add(new TimeRange(row.Candle.Time, end));
                continue;
            }

            if (row.IsEmpty) _empty++;
            _first ??= row.Candle.Time;
            _end = end;
        }

        if (isHole) _holes.Add(new TimeRange(holeFrom, long.MaxValue));
        if (_tally.Refused > NamedRefusals)
            await Console.Error.WriteLineAsync($"candlestream: {file.Name}: {_tally.Refused - NamedRefusals} more rows were refused.");
    }

    private Task<long> SaveAsync(bool vouchForEach, CancellationToken stop) => CommandProgress.ShowAsync($"{series}", async report =>
    {
        var done = 0L;
        var rows = file.ReadAsync(series, now, stop).Where(r => r is { Refusal: null, IsRunning: false });
        await foreach (var taken in rows.Chunk(host.Storage.ImportBatchRows).WithCancellation(stop))
        {
            var batch = taken.Where(r => !r.IsEmpty).Select(r => r.Candle).ToArray();
            // A candle vouches for its own time only; what lies between two is unknown unless the file is complete.
            var verified = vouchForEach
                ? TimeRangeSet.Of(taken.Select(r => new TimeRange(r.Candle.Time, series.Timeframe.EndOf(r.Candle.Time))))
                : TimeRangeSet.Empty;
            // Read anew for each batch: a server beside this command may have told its clients of times that were history before.
            var told = await CandleArchive.MayBeToldFromAsync(host.Store, series, stop);
            var changes = await ChangesAsync(batch, told, stop);
            var change = new SeriesChange(series, verified, TimeRangeSet.Empty, ToldFrom: told);
            await host.Store.SaveAsync(
                new StoreBatch([.. changes.Select(c => new StoredCandle(series, c))], [change]), CancellationToken.None);
            done += taken.Length;
            report((double)done / _rows, done);
        }

        return done;
    });

    private async Task<IReadOnlyList<Candle>> ChangesAsync(Candle[] batch, long told, CancellationToken stop)
    {
        var held = await CandleTally.HeldAsync(host.Store, series, batch, stop);
        var changes = new List<Candle>();
        foreach (var candle in batch)
        {
            Candle? old = held.TryGetValue(candle.Time, out var stored) ? stored : null;
            var isTaken = old is null || !WasSeenLive(stored);
            _tally.Count(candle, old, isTaken);
            if (isTaken && !(old is not null && stored.HasSameValues(candle))) changes.Add(candle);
        }

        return CandleArchive.Numbered(changes, [.. held.Values], told, host.Revs);
    }

    // A store of an earlier version does not know. What is numbered by its end was history then, too; the rest counts as seen.
    private bool WasSeenLive(in Candle stored) =>
        stored.Origin == CandleOrigin.Push
            || (stored.Origin == CandleOrigin.Unknown && stored.Rev != Rev.At(series.Timeframe.EndOf(stored.Time)));

    // After the candles, for which it vouches; never for what has not ended.
    private Task SaveCoverageAsync(bool isComplete)
    {
        var stated = file.Notes.Verified
            ?? (isComplete && _first is { } first ? TimeRangeSet.Of(new TimeRange(first, _end)) : TimeRangeSet.Empty);
        var verified = stated.Subtract(TimeRangeSet.Of(_holes)).Intersect(new TimeRange(long.MinValue, series.Timeframe.StartOf(now)));
        return host.Store.SaveAsync(new StoreBatch([], [new SeriesChange(series, verified, TimeRangeSet.Empty)]), CancellationToken.None);
    }
}
