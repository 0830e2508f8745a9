using CandleStream.Server.Hosting;

namespace CandleStream.Server.Candles;

/// <summary>
/// Setting <c>Exchanges</c>: the exchanges that this server follows, with commas (<c>--Exchanges=Bitfinex,Kraken</c>) or as a list in
/// appsettings.json (<c>"Exchanges": ["Bitfinex", "Kraken"]</c>). Each has sockets, a REST budget and a section of settings of its own;
/// one that
/// is down touches none of another's series. Series of the others stay readable as far as the store holds them. Default: Bitfinex.
/// </summary>
public sealed class ExchangesOptions
{
    public const string Section = "Exchanges";

    /// <summary>The exchanges, Bitfinex first.</summary>
    public IReadOnlyList<Exchange> On { get; set; } = [Exchange.Bitfinex];

    /// <exception cref="StartRefusedException">An entry is no exchange that we know.</exception>
    internal static IReadOnlyList<Exchange> Read(IConfiguration configuration)
    {
        var section = configuration.GetSection(Section);
        List<Exchange> named = [.. section.GetChildren().Select(c => c.Value).Prepend(section.Value)
            .SelectMany(v => (v ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).Select(Find)];
        return named.Count == 0 ? [Exchange.Bitfinex] : [.. Exchange.All.Where(named.Contains)];
    }

    private static Exchange Find(string entry) =>
        Exchange.All.FirstOrDefault(e => e.Name.Equals(entry, StringComparison.OrdinalIgnoreCase))
        ?? throw new StartRefusedException(
            $"Invalid setting {Section}: '{entry}' is not an exchange that this server knows; it knows {string.Join(", ", Exchange.All)}.");
}
