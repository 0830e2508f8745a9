namespace CandleStream.Providers;

/// <summary>Takes what a provider learns about one series. Calls come one at a time and must not block.</summary>
public interface IFeedListener
{
    /// <summary>The state of the feed changed.</summary>
    void OnState(FeedState state);

    /// <summary>
    /// The exchange told its time by other means than a frame of the series, as a pong does; the time that passed since is added. Candles
    /// that come without a time are judged by it, so it comes before them. It closes nothing.
    /// </summary>
    void OnTimeTold(long exchangeTime);

    /// <summary>
    /// The subscription was acknowledged and sent its snapshot, oldest first and complete between its ends; from here on nothing is missed
    /// until <see cref="OnInterrupted"/>. An exchange that sends no snapshot has its history fetched first, and that is the snapshot. Where
    /// a socket ends as planned and the next one is followed already, the next one's snapshot comes without an interruption before it.
    /// </summary>
    /// <param name="candles">May be empty.</param>
    /// <param name="exchangeTime">Unix ms; null where the frame carried none.</param>
    void OnSnapshot(IReadOnlyList<Candle> candles, long? exchangeTime);

    /// <summary>One pushed candle, the running one or an older one.</summary>
    /// <param name="candle">The candle's whole new state; closed where the exchange itself says that it is over.</param>
    /// <param name="exchangeTime">Unix ms; null where the frame carried none.</param>
    /// <param name="receivedAt">Timestamp of the provider's <see cref="TimeProvider"/> when the frame was read.</param>
    void OnCandle(in Candle candle, long? exchangeTime, long receivedAt);

    /// <summary>Exchange time (Unix ms) passed into another second, as seen on any frame of the series' socket.</summary>
    /// <param name="exchangeTime">The time.</param>
    /// <param name="heardUntil">The time of the last frame on the series' own channel (Unix ms): it alone shows that nothing of the series
    /// was held back.</param>
    void OnExchangeTime(long exchangeTime, long heardUntil);

    /// <summary>
    /// Something may have been missed from here on: the socket ended, the channel fell silent, or a sequence number is missing.
    /// </summary>
    void OnInterrupted();

    /// <summary>
    /// A row of the series could not be read. Nothing else of its frame is lost, and the feed goes on, but what is known of its time is no
    /// longer certain.
    /// </summary>
    /// <param name="times">The open times that the row may have had; null where nothing of its time could be read.</param>
    void OnUnreadable(TimeRange? times);

    /// <summary>
    /// Frames are missing: the candles with these open times are not whole, or may not be. Those that still run are not closed by what
    /// comes after them, but by what is fetched. The feed goes on.
    /// </summary>
    void OnIncomplete(TimeRange times) => OnUnreadable(times);

    /// <summary>
    /// The exchange shows that nothing was traded, as a flat row without a trade does: there is no candle in these times, and none is
    /// missing.
    /// </summary>
    /// <param name="times">Open times; only whole candles that are over by exchange time count.</param>
    void OnEmpty(TimeRange times);

    /// <summary>The answer of a poll; its <see cref="HistoryPage.AsOf"/> is exchange time.</summary>
    void OnPolled(HistoryPage page);
}
