namespace CandleStream.Simulator.Markets;

/// <summary>
/// Value noise: for each wave, random heights (−1 to 1) every 2^wave minutes, joined smoothly. A pure function of seed, minute and wave;
/// the last heights of each wave are kept, because minutes are mostly asked for one after another. Not for several threads at once.
/// </summary>
internal sealed class NoiseWaves(ulong seed)
{
    private const int Waves = 32;

    private readonly long[] _cells = [.. Enumerable.Repeat(long.MinValue, Waves)];
    private readonly double[] _left = new double[Waves];
    private readonly double[] _rise = new double[Waves];

    public double At(long minute, int wave)
    {
        var cell = minute >> wave;
        if (_cells[wave] != cell)
        {
            _cells[wave] = cell;
            _left[wave] = Height(cell, wave);
            _rise[wave] = Height(cell + 1, wave) - _left[wave];
        }
        var share = (minute - (cell << wave)) / (double)(1L << wave);
        return _left[wave] + (_rise[wave] * share * share * (3 - (2 * share)));
    }

    private double Height(long cell, int wave) => SplitMix.SignedUnit(SplitMix.Mix(seed + ((ulong)wave << 48) + (ulong)cell));
}
