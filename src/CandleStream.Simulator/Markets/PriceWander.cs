namespace CandleStream.Simulator.Markets;

/// <summary>
/// The logarithm of a price over time: a sum of waves of 4 minutes to half a year, each as high as the root of its length, as in a random
/// walk; the short ones are higher in heated hours. Not for several threads at once.
/// </summary>
internal sealed class PriceWander(ulong seed, double volatility)
{
    private const int ShortestWave = 2;
    private const int LongestShortWave = 6;
    private const int LongestWave = 18;

    private readonly NoiseWaves _waves = new(seed);

    // A minute's end is the next one's beginning: it is asked for twice in a row.
    private long _minute = long.MinValue;
    private double _short;
    private double _long;

    public double At(long minute, double heat)
    {
        if (minute != _minute)
        {
            _minute = minute;
            _short = Sum(minute, ShortestWave, LongestShortWave);
            _long = Sum(minute, LongestShortWave + 2, LongestWave);
        }
        return (_short * heat) + _long;
    }

    private double Sum(long minute, int first, int last)
    {
        var sum = 0.0;
        for (var wave = first; wave <= last; wave += 2)
            sum += _waves.At(minute, wave) * Heights[wave];
        return sum * volatility;
    }

    private static readonly double[] Heights = [.. Enumerable.Range(0, LongestWave + 1).Select(wave => Math.Sqrt(1L << wave))];
}
