using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator.Markets;

/// <summary>
/// The trades of one invented pair. The trades of a minute are a pure function of (seed, pair, minute): every question, at any time, gets
/// the same ones. Calm and wild hours alternate.
/// </summary>
internal sealed class SyntheticPair
{
    /// <summary>A late trade becomes visible at most this long after its minute: later, a minute never changes.</summary>
    public const long LatestVisible = 12_000;

    private const int MostTradesPerMinute = 200;
    private const double MinuteVolatility = 0.0004;

    private readonly ulong _seed;
    private readonly PriceWander _wander;
    private readonly NoiseWaves _heatWaves;
    private readonly double _basePrice;
    private readonly double _tradesPerMinute;
    private readonly double _meanAmount;
    private readonly long _tick;

    private readonly bool _reportsLate;

    /// <param name="seed">Which market.</param>
    /// <param name="pair">Which pair of it.</param>
    /// <param name="reportsLate">True where the exchange reports a trade after its minute now and then.</param>
    public SyntheticPair(long seed, string pair, bool reportsLate = true)
    {
        _reportsLate = reportsLate;
        _seed = SplitMix.Mix((ulong)seed + SplitMix.Hash(pair));
        _wander = new PriceWander(_seed + 0xCA4D, MinuteVolatility * 0.8);
        _heatWaves = new NoiseWaves(_seed + 0x5EED);
        (_basePrice, _tradesPerMinute) = Profile(pair);
        _meanAmount = 4000 / _basePrice;
        // Five significant digits, as the exchange prices its pairs; never below one unit of 1e-8.
        _tick = Math.Max(1, (long)Math.Round(Math.Pow(10, Math.Floor(Math.Log10(_basePrice)) - 4) * SyntheticTrade.Unit));
    }

    /// <summary>
    /// The minute that opens at <paramref name="minute"/> (Unix ms) as it ends up; null where nobody traded. Cheap, for years consist of
    /// minutes.
    /// </summary>
    public SyntheticMinute? Minute(long minute)
    {
        var index = minute / MarketTimeframe.Minute;
        var random = new SplitMix(SplitMix.Mix(_seed ^ (ulong)index));
        var heat = Heat(index);
        var count = random.Poisson(_tradesPerMinute * heat, MostTradesPerMinute);
        if (count == 0)
            return null;
        var noise = MinuteVolatility * heat;
        var open = Price(_wander.At(index, heat) + (noise * random.Normal()), ref random);
        var close = count == 1 ? open : Price(_wander.At(index + 1, heat) + (noise * random.Normal()), ref random);
        var high = Math.Max(open, close);
        var low = Math.Min(open, close);
        // The extremes need a trade each, between the first and the last.
        if (count > 2)
            high += Ticks(high * noise * random.Unit());
        if (count > 3)
            low = Math.Max(_tick, low - Ticks(low * noise * random.Unit()));
        return new SyntheticMinute(minute, count, open, high, low, close, Volume(count, ref random));
    }

    /// <summary>The trades that make a minute what <see cref="Minute"/> says, in order of their time.</summary>
    public SyntheticTrade[] Trades(long minute)
    {
        if (Minute(minute) is not { } sum)
            return [];
        var random = new SplitMix(SplitMix.Mix(_seed ^ (ulong)minute ^ 0x7EA5));
        var offsets = new int[sum.Count];
        for (var i = 0; i < offsets.Length; i++)
            offsets[i] = random.Below((int)MarketTimeframe.Minute);
        Array.Sort(offsets);
        var trades = new SyntheticTrade[sum.Count];
        var left = sum.Volume;
        for (var i = 0; i < trades.Length; i++)
        {
            var last = i == trades.Length - 1;
            var amount = last ? left : Math.Min(left - (trades.Length - 1 - i), 1 + (long)(left * random.Unit() * 2 / (trades.Length - i)));
            left -= amount;
            trades[i] = new SyntheticTrade(minute + offsets[i], minute + offsets[i], PriceOf(i, sum, ref random), amount);
        }
        if (_reportsLate && trades.Length > 1 && random.Below(25) == 0)
        {
            // The last trade is reported late: the exchange revises the minute after the next one has begun.
            var late = minute + MarketTimeframe.Minute + 300 + random.Below((int)LatestVisible - 300);
            trades[^1] = trades[^1] with { VisibleAt = late };
        }
        return trades;
    }

    private long PriceOf(int trade, SyntheticMinute sum, ref SplitMix random) => trade switch
    {
        0 => sum.Open,
        _ when trade == sum.Count - 1 => sum.Close,
        1 => sum.High,
        2 when sum.Count > 3 => sum.Low,
        _ => sum.Low + Ticks((sum.High - sum.Low) * random.Unit()),
    };

    private long Ticks(double units) => (long)(units / _tick) * _tick;

    private static (double Price, double TradesPerMinute) Profile(string pair) => pair switch
    {
        "BTCUSD" => (64_000, 40),
        "ETHUSD" => (3_200, 20),
        "SOLUSD" => (150, 8),
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

    private long Volume(int count, ref SplitMix random)
    {
        // Crumbs, down to 1e-8: the exchange writes such volumes with an exponent.
        if (count < 3 && random.Below(20) == 0)
            return count + random.Below(97);
        var volume = count * _meanAmount * Math.Exp((1.3 * random.Normal()) - 0.85) * SyntheticTrade.Unit;
        return Math.Max(count, (long)volume);
    }

    /// <summary>How lively the market is around a minute, 0.3 to 4: slow waves, so that wild hours come in clusters.</summary>
    private double Heat(long index)
    {
        var level = 0.0;
        for (var wave = 5; wave <= 11; wave += 2)
            level += _heatWaves.At(index, wave) * 0.55;
        return Math.Clamp(Math.Exp(level), 0.3, 4);
    }
}

/// <summary>A minute of an invented pair, in units of 1e-8: how many trades it has and what they come to.</summary>
internal readonly record struct SyntheticMinute(long Time, int Count, long Open, long High, long Low, long Close, long Volume);

/// <summary>
/// One invented trade: price and amount in units of 1e-8, times in Unix ms. <c>VisibleAt</c> is when the exchange reports it.
/// </summary>
internal readonly record struct SyntheticTrade(long Time, long VisibleAt, long Price, long Amount)
{
    public const long Unit = 100_000_000;
}
