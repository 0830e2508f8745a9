using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator.Markets;

/// <summary>
/// Where candles come from. Every call is made, and every publication happens, inside <see cref="IMarketSink.Gate"/>,
/// so that a snapshot and the updates after it fit together without a hole.
/// </summary>
public interface IMarket : IAsyncDisposable
{
    /// <summary>What the exchange lists, without prefix: <c>BTCUSD</c>, <c>DUSK:USD</c>.</summary>
    IReadOnlyList<string> Pairs { get; }

    /// <summary>Market time in Unix ms: what frame stamps, pongs and the Date header of REST say.</summary>
    long Now { get; }

    /// <summary>Called once, before anything else.</summary>
    void Start(IMarketSink sink);

    /// <summary>False where the exchange would refuse the symbol or timeframe.</summary>
    bool Lists(CandleKey key);

    /// <summary>
    /// The candles with <paramref name="first"/> ≤ time ≤ <paramref name="last"/>, the forming one included, ascending:
    /// the newest <paramref name="limit"/> of them, or the oldest where <paramref name="oldest"/> is set.
    /// </summary>
    IReadOnlyList<MarketCandle> Candles(CandleKey key, long first, long last, int limit, bool oldest = false);

    /// <summary>
    /// What is known of the trades of a candle that this market told, as of a moment of market time. A market that knows no trades says
    /// that there was one.
    /// </summary>
    MarketFigures Figures(CandleKey key, in MarketCandle candle, long asOf) =>
        MarketFigures.Invented(candle, 1, candle.Time / MarketTimeframe.Minute);

    /// <summary>The first subscription of a key was made and holds its snapshot: publish its updates from now on.</summary>
    void Watch(CandleKey key);

    /// <summary>The last subscription of a key ended.</summary>
    void Unwatch(CandleKey key);

    /// <summary>
    /// Adds a trade to the minute before the present one, as the exchange does now and then. False where the market cannot.
    /// </summary>
    bool AddLateTrade(string pair);
}

/// <summary>What a market may do to the exchange around it.</summary>
public interface IMarketSink
{
    /// <summary>Guards the market's state and the lists of subscribers. Held while publishing; nothing waits inside.</summary>
    Lock Gate { get; }

    /// <summary>Sends a trade's candle to the subscribers the way the exchange does: the previous candle, then this one.</summary>
    void Publish(CandleKey key, in MarketCandle candle, long marketTime);

    /// <summary>Sends one candle update, alone.</summary>
    void PublishAlone(CandleKey key, in MarketCandle candle, long marketTime);

    /// <summary>Sends the second element of a frame as it stands, to every subscriber of the key.</summary>
    void PublishText(CandleKey key, ReadOnlyMemory<byte> payload, long marketTime);

    /// <summary>Sends a heartbeat on every channel now, besides the regular ones.</summary>
    void Heartbeat();

    /// <summary>Waits, outside the gate, until no subscriber's socket is far behind.</summary>
    ValueTask WaitForRoomAsync(CancellationToken stopping);
}
