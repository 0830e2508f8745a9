using System.ComponentModel.DataAnnotations;

namespace CandleStream.Server.Setup;

/// <summary>Section <c>Demo</c>: the built-in exchange simulator instead of the exchange.</summary>
public sealed class DemoOptions
{
    /// <summary>True runs against the simulator, as the switch <c>--demo</c> does. The store is then <c>data/demo.db</c> unless <c>Storage:SqlitePath</c> says otherwise; DATABASE_URL is refused. Default: false.</summary>
    public bool Enabled { get; set; }

    /// <summary>Which simulated market: the same seed continues the same market after a restart, and a store remembers the seed it was filled with. Default: 1.</summary>
    [Range(0, int.MaxValue)]
    public int Seed { get; set; } = 1;
}
