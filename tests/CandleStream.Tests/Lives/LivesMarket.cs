using static CandleStream.Tests.Support.Some;

namespace CandleStream.Tests.Lives;

/// <summary>
/// The exchange's ledger of one series: at random something is traded, and at times a trade is booked late into the candle before.
/// </summary>
internal sealed class LivesMarket
{
    private readonly Random _random;
    private readonly SortedDictionary<long, Candle> _candles = [];

    public LivesMarket(Random random)
    {
        _random = random;
        Now = At(-120);
        PassTo(At(0));
    }

    public long Now { get; private set; }

    /// <summary>All candles so far, the running one last, oldest first.</summary>
    public IReadOnlyCollection<Candle> Candles => _candles.Values;

    public IEnumerable<Candle> In(TimeRange range) => _candles.Values.Where(c => range.Contains(c.Time));

    /// <summary>Passes time; returns each changed candle with the time of its trade.</summary>
    public List<(Candle Candle, long At)> PassTo(long time)
    {
        var trades = new List<(Candle, long)>();
        while (Now < time)
        {
            var next = Math.Min(time, Now + _random.Next(1_000, 40_000));
            var isTrade = next < time && _random.Next(4) > 0;
            Now = next;
            if (!isTrade) continue;
            var open = Now / Minute * Minute;
            var isLate = Now - open < 3_000 && _candles.ContainsKey(open - Minute);
            trades.Add((Trade(isLate ? open - Minute : open), Now));
        }

        return trades;
    }

    private Candle Trade(long time)
    {
        decimal price = 90 + _random.Next(20);
        var candle = _candles.TryGetValue(time, out var c)
            ? c with { High = Math.Max(c.High, price), Low = Math.Min(c.Low, price), Close = price, Volume = c.Volume + 1 }
            : new Candle(time, price, price, price, price, 1);
        return _candles[time] = candle;
    }
}
