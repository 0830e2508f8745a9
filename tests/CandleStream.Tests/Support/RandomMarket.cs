namespace CandleStream.Tests.Support;

/// <summary>A market that makes one random trade a step, and remembers how its candles looked before.</summary>
internal sealed class RandomMarket(Random random)
{
    private readonly List<(Candle Candle, long AsOf)> _past = [];
    private readonly List<Candle> _candles = [];

    public long Now { get; private set; } = Some.Noon;

    public int Minute => (int)((Now - Some.Noon) / Some.Minute);

    /// <summary>The true candles so far.</summary>
    public IReadOnlyList<Candle> Candles => _candles;

    public Candle Current => _candles[^1];

    public Candle? Previous => _candles.Count > 1 ? _candles[^2] : null;

    public void Step()
    {
        // At times nothing is traded for minutes.
        Now += random.Next(20) == 0 ? random.Next(180_000) : random.Next(8_000);
        decimal price = 90 + random.Next(20);
        var time = Now / Some.Minute * Some.Minute;
        if (_candles.Count > 0 && _candles[^1].Time == time)
        {
            var c = _candles[^1];
            _candles[^1] = c with { High = Math.Max(c.High, price), Low = Math.Min(c.Low, price), Close = price, Volume = c.Volume + 1 };
        }
        else
        {
            _candles.Add(new Candle(time, price, price, price, price, 1));
        }

        _past.Add((_candles[^1], Now));
    }

    /// <summary>The last candles as a cached REST answer of a random age would give them.</summary>
    public IEnumerable<(Candle Candle, long AsOf)> Recall(Random chance)
    {
        var upTo = chance.Next(_past.Count);
        var asOf = _past[upTo].AsOf;
        return _past.Take(upTo + 1).TakeLast(10).GroupBy(p => p.Candle.Time).Select(g => (g.Last().Candle, asOf));
    }
}
