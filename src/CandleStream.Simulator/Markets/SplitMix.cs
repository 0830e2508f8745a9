namespace CandleStream.Simulator.Markets;

/// <summary>
/// A small repeatable random source (SplitMix64): the same seed gives the same numbers on every machine and .NET version.
/// </summary>
internal struct SplitMix(ulong state)
{
    private const ulong Step = 0x9E3779B97F4A7C15;

    private ulong _state = state;

    public static ulong Mix(ulong value)
    {
        value += Step;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    /// <summary>FNV-1a: string.GetHashCode differs from process to process.</summary>
    public static ulong Hash(string text)
    {
        var hash = 0xCBF29CE484222325;
        foreach (var letter in text)
            hash = (hash ^ letter) * 0x100000001B3;
        return hash;
    }

    public static double SignedUnit(ulong value) => ((value >> 11) * (2.0 / (1UL << 53))) - 1;

    public double Unit()
    {
        _state += Step;
        return (Mix(_state) >> 11) * (1.0 / (1UL << 53));
    }

    public int Below(int limit) => (int)(Unit() * limit);

    /// <summary>About normal, −3 to 3: the sum of three uniform draws.</summary>
    public double Normal() => (2 * (Unit() + Unit() + Unit())) - 3;

    public int Poisson(double mean, int most)
    {
        // Many events are spread like a normal distribution, which is cheaper than counting them.
        if (mean > 12)
            return Math.Clamp((int)Math.Round(mean + (Math.Sqrt(mean) * Normal())), 0, most);
        var limit = Math.Exp(-mean);
        var product = Unit();
        var count = 0;
        while (product > limit && count < most)
        {
            product *= Unit();
            count++;
        }
        return count;
    }
}
