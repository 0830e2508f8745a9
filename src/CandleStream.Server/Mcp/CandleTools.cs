using System.ComponentModel;
using CandleStream.Providers;
using CandleStream.Server.Doors;
using CandleStream.Server.Streams;
using CandleStream.Server.Symbols;
using CandleStream.Streaming;
using CandleStream.Streaming.Series;
using ModelContextProtocol.Server;

namespace CandleStream.Server.Mcp;

/// <summary>What an agent can ask. Answers are short, because its memory is small, and each says what it does not know.</summary>
internal sealed class CandleTools(
    CandleDoor door, StreamLimiter limiter, McpCaller caller, IHostApplicationLifetime lifetime, TimeProvider time)
{
    public const int DefaultLimit = 100;
    public const int MaxLimit = 1000;

    private const string Exchange = "BITFINEX";
    private const int MaxFound = 50;
    private const int DefaultWaitSeconds = 30;
    private const int MaxWaitSeconds = 60;
    private const string NotFollowed = "not followed";
    private const string SeriesHelp =
        "Symbol and timeframe, such as BTCUSD:1m. Timeframes: 1m 5m 15m 30m 1h 3h 6h 12h 1D 1W 14D 1M (case matters).";
    private const string TimeHelp = "Unix milliseconds or ISO 8601 UTC, such as 2026-11-28T12:00:00Z.";

    [McpServerTool(
        Name = "find_symbols", Title = "Find symbols", ReadOnly = true, Idempotent = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Finds symbols by a part of their name, 50 at most. Use the symbol with a timeframe as a series: BTCUSD:1m.")]
    public FoundSymbols FindSymbols(
        [Description("A part of the name, such as BTC; empty for the first symbols.")] string text = "",
        [Description("Only symbols of this exchange; this server has BITFINEX.")] string? exchange = null)
    {
        if (exchange is { Length: > 0 } && !exchange.Equals(Exchange, StringComparison.OrdinalIgnoreCase))
            throw new ToolRefusedException($"'exchange' must not be '{exchange}'; allowed: {Exchange}.");
        var found = door.Symbols.Symbols.Where(s => s.Contains(text.Trim(), StringComparison.OrdinalIgnoreCase))
            .OrderBy(s => s.StartsWith(text.Trim(), StringComparison.OrdinalIgnoreCase) ? 0 : 1).ToList();
        var note = found.Count > MaxFound ? $"{found.Count} symbols match; these are the first {MaxFound}. Name more of the symbol." : null;
        return new FoundSymbols([.. found.Take(MaxFound).Select(Describe)], [.. Timeframe.All.Select(t => t.Name)], door.IsSimulated, note);
    }

    [McpServerTool(
        Name = "get_candles", Title = "Get candles", ReadOnly = true, Idempotent = true, OpenWorld = true, UseStructuredContent = true)]
    [Description(
        "Candles of a series, oldest first, the forming one last if it is in the range. Without start the newest ones. Times in gaps are unknown.")]
    public async Task<AgentCandles> GetCandlesAsync(
        [Description(SeriesHelp)] string series,
        [Description("Earliest open time, inclusive. " + TimeHelp)] AgentTime? start = null,
        [Description("Latest open time, inclusive. " + TimeHelp)] AgentTime? end = null,
        [Description("The most candles to answer, 1 to 1000.")] int limit = DefaultLimit,
        CancellationToken cancel = default)
    {
        var key = ReadSeries(series);
        if (limit is < 1 or > MaxLimit) throw new ToolRefusedException($"'limit' must not be {limit}; allowed: 1 to {MaxLimit}.");
        if (end?.Ms < start?.Ms) throw new ToolRefusedException("'end' must not be before 'start'.");
        var answer = (await AskAsync(
            () => door.ReadAsync(new HistoryQuery(key, start?.Ms, end?.Ms, limit, Descending: false, null), cancel))).History;
        var more = answer.Next is not { } next ? null
            : start is null ? $"Older candles exist or may exist: ask again with end={next}."
            : $"There is more up to the end of the range: ask again with start={next}.";
        return new AgentCandles(
            $"{key}", door.IsSimulated, StateOf(door.StatusOf(key)), [.. answer.Candles.Select(AgentCandle.Of)], GapsOf(answer.Gaps),
            answer.AsOf.Value, Note(more, answer.Gaps.Count > 0));
    }

    [McpServerTool(
        Name = "get_status", Title = "Get status", ReadOnly = true, Idempotent = true, OpenWorld = false, UseStructuredContent = true)]
    [Description(
        "Whether the feed of a series is live, why not, and which times are missing. It follows nothing by itself: get_candles and wait_for_close do.")]
    public AgentStatus GetStatus([Description(SeriesHelp)] string series)
    {
        var key = ReadSeries(series);
        var status = door.StatusOf(key);
        var note = status is null ? "Nobody follows this series now, so nothing is known of its present." : null;
        return new AgentStatus($"{key}", door.IsSimulated, StateOf(status), status?.Connected ?? false, status?.Feed.Reason,
            GapsOf(status?.Gaps ?? []), door.AsOf.Value, note);
    }

    [McpServerTool(Name = "get_corrections", Title = "Get corrections", ReadOnly = true, Idempotent = true, OpenWorld = false,
        UseStructuredContent = true)]
    [Description(
        "Closed candles that the exchange changed later, before and after. This server keeps the newest version only, and says so.")]
    public AgentCorrections GetCorrections(
        [Description(SeriesHelp)] string series,
        [Description("Earliest open time, inclusive. " + TimeHelp)] AgentTime? start = null,
        [Description("Latest open time, inclusive. " + TimeHelp)] AgentTime? end = null)
    {
        var key = ReadSeries(series);
        if (end?.Ms < start?.Ms) throw new ToolRefusedException("'end' must not be before 'start'.");
        var status = door.StatusOf(key);
        return new AgentCorrections(
            $"{key}", door.IsSimulated, StateOf(status), Corrections: null, GapsOf(status?.Gaps ?? []), door.AsOf.Value,
            "This server keeps the newest version of each candle and no earlier ones: it cannot say whether or how a closed candle was changed.");
    }

    [McpServerTool(
        Name = "wait_for_close", Title = "Wait for the next close", ReadOnly = true, OpenWorld = true, UseStructuredContent = true)]
    [Description(
        "Waits until the running candle of a series closes and answers it. After the time-out it answers without a candle; ask again then.")]
    public async Task<AgentClose> WaitForCloseAsync(
        [Description(SeriesHelp)] string series,
        [Description("How long to wait, in seconds, 1 to 60.")] int timeout = DefaultWaitSeconds,
        CancellationToken cancel = default)
    {
        var key = ReadSeries(series);
        if (timeout is < 1 or > MaxWaitSeconds)
            throw new ToolRefusedException($"'timeout' must not be {timeout}; allowed: 1 to {MaxWaitSeconds} seconds.");
        // A waiting call holds a series open, as a stream does, and counts as one.
        if (!limiter.TryEnter(caller.Share, out var refusal))
            throw new ToolRefusedException($"{refusal.Detail} The limit is {refusal.Limit}.");
        try
        {
            using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancel, lifetime.ApplicationStopping);
            return await AskAsync(() => WaitAsync(key, TimeSpan.FromSeconds(timeout), stopping.Token));
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw new ToolRefusedException("The server is stopping: ask again in a few seconds.");
        }
        finally
        {
            limiter.Leave(caller.Share);
        }
    }

    private async Task<AgentClose> WaitAsync(SeriesKey key, TimeSpan timeout, CancellationToken cancel)
    {
        var close = new NextClose();
        using var watch = door.Watch(key, close);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var alarm = time.CreateTimer(static o => ((CancellationTokenSource)o!).Cancel(), over, timeout, Timeout.InfiniteTimeSpan);
        Candle? closed = null;
        try
        {
            await watch.NewestAsync(1, over.Token);
            close.Begin(watch.Latest?.Candle);
            closed = await close.Closed.WaitAsync(over.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // The time-out: answered without a candle.
        }

        var note = closed is null
            ? "No candle closed in this time. A candle closes only when its time is over, and one without a trade does not exist."
            : null;
        return new AgentClose($"{key}", door.IsSimulated, StateOf(watch.Status), closed is { } candle ? AgentCandle.Of(candle) : null,
            closed is null, GapsOf(watch.Status.Gaps), door.AsOf.Value, note);
    }

    private SeriesKey ReadSeries(string series)
    {
        if (!SeriesKey.TryParse(
            series.StartsWith(Exchange + ":", StringComparison.OrdinalIgnoreCase) ? series[(Exchange.Length + 1)..] : series, out var key))
            throw new ToolRefusedException(
                $"'series' must not be '{Cut(series)}'; allowed: a symbol, a colon and one of {string.Join(", ", Timeframe.All)}, such as BTCUSD:1m.");
        var check = door.Symbols.Check(key.Symbol);
        if (check.Standing != SymbolStanding.Unknown) return key;
        var close = check.Matches.Count == 0 ? "find_symbols lists what there is." : $"Did you mean {string.Join(", ", check.Matches)}?";
        throw new ToolRefusedException($"The exchange does not list '{key.Symbol}'. {close}");
    }

    private static async Task<T> AskAsync<T>(Func<Task<T>> ask)
    {
        try
        {
            return await ask();
        }
        catch (ExchangeOffException off)
        {
            throw new ToolRefusedException(off.Message);
        }
        catch (SeriesLimitException full)
        {
            throw new ToolRefusedException($"{full.Message} Ask again in 30 seconds.");
        }
        catch (ObjectDisposedException)
        {
            throw new ToolRefusedException("The server is stopping: ask again in a few seconds.");
        }
    }

    private static AgentSymbol Describe(string symbol)
    {
        var (main, quote) = SymbolNames.Split(symbol);
        return new AgentSymbol(symbol, main, quote, Exchange);
    }

    private static string StateOf(SeriesStatus? status) => status is null ? NotFollowed : SeriesStatusJson.NameOf(status.Feed.State);

    private static List<AgentGap> GapsOf(IEnumerable<TimeRange> gaps) =>
        [.. gaps.Select(g => new AgentGap(g.From, g.To, AgentTime.Describe(g.From), AgentTime.Describe(g.To)))];

    private static string? Note(string? more, bool hasGaps)
    {
        var gaps = hasGaps ? "The times in gaps are unknown: candles may exist there." : null;
        return more is null ? gaps : gaps is null ? more : $"{more} {gaps}";
    }

    private static string Cut(string text) => text.Length > 100 ? text[..100] + "…" : text;

    /// <summary>
    /// Takes the first candle that closes among the running one and those after it; repairs and corrections of older ones do not count.
    /// </summary>
    private sealed class NextClose : ICandleSink
    {
        private readonly TaskCompletionSource<Candle> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Lock _gate = new();

        // Guarded by _gate. Null until it is known which candle runs; what closed before that waits.
        private long? _from;
        private readonly List<Candle> _early = [];

        public Task<Candle> Closed => _closed.Task;

        /// <param name="running">The newest candle as the caller sees it; null where there is none yet.</param>
        public void Begin(Candle? running)
        {
            lock (_gate)
            {
                _from = running is not { } newest ? long.MinValue : newest.Closed ? newest.Time + 1 : newest.Time;
                foreach (var candle in _early) Take(candle);
            }
        }

        public void OnUpdate(CandleUpdate update)
        {
            if (!update.Candle.Closed) return;
            lock (_gate)
            {
                if (_from is null) _early.Add(update.Candle);
                else Take(update.Candle);
            }
        }

        public void OnFirstMerge(SeriesKey series, IReadOnlyList<CandleUpdate> changed)
        {
            // What the exchange sends first closed before anybody waited.
        }

        public void OnStatus(SeriesStatus status)
        {
            // The answer tells the state as it is then.
        }

        private void Take(in Candle candle)
        {
            if (candle.Time >= _from) _closed.TrySetResult(candle);
        }
    }
}

/// <summary>A call that cannot be answered as it was asked; the message says what is allowed.</summary>
internal sealed class ToolRefusedException(string message) : Exception(message);

/// <summary>Symbols that match, and the timeframes they can be asked at.</summary>
internal sealed record FoundSymbols(IReadOnlyList<AgentSymbol> Symbols, IReadOnlyList<string> Timeframes, bool Simulated, string? Note);

internal sealed record AgentSymbol(string Symbol, string Base, string Quote, string Exchange);

/// <summary>A candle; <paramref name="Utc"/> is its open time in words.</summary>
internal sealed record AgentCandle(
    long Time, string Utc, decimal Open, decimal High, decimal Low, decimal Close, decimal Volume, bool Closed)
{
    public static AgentCandle Of(Candle c) => new(c.Time, AgentTime.Describe(c.Time), c.Open, c.High, c.Low, c.Close, c.Volume, c.Closed);
}

/// <summary>A range of time, the end exclusive, of which it is not known which candles exist.</summary>
internal sealed record AgentGap(long From, long To, string FromUtc, string ToUtc);

internal sealed record AgentCandles(
    string Series, bool Simulated, string State, IReadOnlyList<AgentCandle> Candles, IReadOnlyList<AgentGap> Gaps, long Asof, string? Note);

internal sealed record AgentStatus(
    string Series, bool Simulated, string State, bool Connected, string? Reason, IReadOnlyList<AgentGap> Gaps, long Asof, string? Note);

/// <summary>Corrections; null where none are kept, which is not the same as none.</summary>
internal sealed record AgentCorrections(string Series, bool Simulated, string State, IReadOnlyList<AgentCorrection>? Corrections,
    IReadOnlyList<AgentGap> Gaps, long Asof, string Note);

internal sealed record AgentCorrection(AgentCandle Before, AgentCandle After);

internal sealed record AgentClose(
    string Series, bool Simulated, string State, AgentCandle? Candle, bool TimedOut, IReadOnlyList<AgentGap> Gaps, long Asof, string? Note);
