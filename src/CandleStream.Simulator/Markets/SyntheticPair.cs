using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator.Markets;

/// <summary>
/// The trades of one invented pair. The trades of a minute are a pure function of (seed, pair, minute): whoever asks, whenever, gets the
/// same ones. Prices wander like a sum of waves of 4 minutes to a year, each as high as the root of its length; calm and wild hours alternate.
/// </summary>
internal sealed class SyntheticPair
{
    /// <summary>A late trade becomes visible at most this long after its minute: later, a minute never changes.</summary>
    public const long LatestVisible = 12_000;

    private const int MostTradesPerMinute = 60;
    private const int FirstWave = 2;
    private const int LastWave = 19;
    private const double MinuteVolatility = 0.0004;

    private static readonly double[] WaveHeights = [.. Enumerable.Range(0, LastWave + 1).Select(wave => Math.Sqrt(1L << wave))];

    private readonly ulong _seed;
    private readonly NoiseWaves _priceWaves;
    private readonly NoiseWaves _heatWaves;
    private readonly double _basePrice;
    private readonly double _tradesPerMinute;
    private readonly double _meanAmount;
    private readonly long _tick;

    public SyntheticPair(long seed, string pair)
    {
        _seed = SplitMix.Mix((ulong)seed + SplitMix.Hash(pair));
        _priceWaves = new NoiseWaves(_seed + 0xCA4D);
        _heatWaves = new NoiseWaves(_seed + 0x5EED);
        (_basePrice, _tradesPerMinute) = Profile(pair);
        _meanAmount = 4000 / _basePrice;
        // Five significant digits, as the exchange prices its pairs; never below one unit of 1e-8.
        _tick = Math.Max(1, (long)Math.Round(Math.Pow(10, Math.Floor(Math.Log10(_basePrice)) - 4) * SyntheticTrade.Unit));
    }

    /// <summary>The trades of the minute that opens at <paramref name="minute"/> (Unix ms), in order of their time.</summary>
    public SyntheticTrade[] Trades(long minute)
    {
        var index = minute / MarketTimeframe.Minute;
        var random = new SplitMix(SplitMix.Mix(_seed ^ (ulong)index));
        var heat = Heat(index);
        var count = random.Poisson(_tradesPerMinute * heat, MostTradesPerMinute);
        if (count == 0)
            return [];
        var offsets = new int[count];
        for (var i = 0; i < count; i++)
            offsets[i] = random.Below((int)MarketTimeframe.Minute);
        Array.Sort(offsets);

        var from = Wander(index, heat);
        var to = Wander(index + 1, heat);
        var trades = new SyntheticTrade[count];
        for (var i = 0; i < count; i++)
        {
            var share = offsets[i] / (double)MarketTimeframe.Minute;
            var log = from + ((to - from) * share) + (MinuteVolatility * heat * random.Normal());
            trades[i] = new SyntheticTrade(minute + offsets[i], minute + offsets[i], Price(log, ref random), Amount(ref random));
        }
        if (count > 1 && random.Below(25) == 0)
        {
            // The last trade is reported late: the exchange revises the minute after the next one has begun.
            var late = minute + MarketTimeframe.Minute + 300 + random.Below((int)LatestVisible - 300);
            trades[^1] = trades[^1] with { VisibleAt = late };
        }
        return trades;
    }

    private static (double Price, double TradesPerMinute) Profile(string pair) => pair switch
    {
        "BTCUSD" => (64_000, 16),
        "ETHUSD" => (3_200, 10),
        "SOLUSD" => (150, 5),
        "XRPUSD" => (0.55, 3),
        "LTCUSD" => (80, 1.2),
        "DUSK:USD" => (0.31, 0.5),
        "NEOUSD" => (12, 0.15),
        "BTCF0:USTF0" => (64_000, 6),
        _ => OtherProfile(SplitMix.Hash(pair)),
    };

    private static (double, double) OtherProfile(ulong hash)
    {
        var random = new SplitMix(hash);
        return (0.01 * Math.Pow(500_000, random.Unit()), 0.1 * Math.Pow(150, random.Unit()));
    }

    private long Price(double log, ref SplitMix random)
    {
        var units = _basePrice * Math.Exp(log) * SyntheticTrade.Unit;
        // One trade in a hundred has more digits than the price grid, as margin and hidden orders have.
        var tick = random.Below(100) == 0 ? Math.Max(1, _tick / 1000) : _tick;
        return Math.Max(tick, (long)Math.Round(units / tick) * tick);
    }

    private long Amount(ref SplitMix random)
    {
        if (random.Below(80) == 0)
            return 1 + random.Below(99);
        var amount = _meanAmount * Math.Exp((1.3 * random.Normal()) - 0.85) * SyntheticTrade.Unit;
        return Math.Max(1, (long)amount);
    }

    /// <summary>How lively the market is around a minute, 0.3 to 4: slow waves, so that wild hours come in clusters.</summary>
    private double Heat(long index)
    {
        var level = 0.0;
        for (var wave = 5; wave <= 11; wave += 2)
            level += _heatWaves.At(index, wave) * 0.55;
        return Math.Clamp(Math.Exp(level), 0.3, 4);
    }

    private double Wander(long index, double heat)
    {
        var sum = 0.0;
        for (var wave = FirstWave; wave <= LastWave; wave++)
            sum += _priceWaves.At(index, wave) * WaveHeights[wave] * (wave < 6 ? heat : 1);
        return sum * MinuteVolatility * 0.6;
    }
}

/// <summary>One invented trade: price and amount in units of 1e-8, times in Unix ms. <c>VisibleAt</c> is when the exchange reports it.</summary>
internal readonly record struct SyntheticTrade(long Time, long VisibleAt, long Price, long Amount)
{
    public const long Unit = 100_000_000;
}
