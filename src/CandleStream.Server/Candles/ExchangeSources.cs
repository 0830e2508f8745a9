using CandleStream.Exchanges;
using CandleStream.Server.Hosting;
using CandleStream.Storage;

namespace CandleStream.Server.Candles;

/// <summary>
/// Whose candles the series of each exchange are. The store itself remembers the first source, which was the only one once; those of
/// further exchanges stand beside it as notes.
/// </summary>
internal sealed class ExchangeSources
{
    private const string NoteName = "source ";

    private readonly IReadOnlyList<(Exchange Exchange, string Source)> _further;

    private ExchangeSources(IReadOnlyList<(Exchange Exchange, string Source)> further) => _further = further;

    /// <exception cref="StartRefusedException">One exchange is real and another simulated.</exception>
    public static ExchangeSources Read(IConfiguration configuration)
    {
        var on = ExchangeSetup.On(configuration).Select(e => (Setup: e, Options: e.Read(configuration.GetSection(e.Section)))).ToList();
        var other = on.FindIndex(e => e.Options.Simulated != on[0].Options.Simulated);
        if (other > 0)
            throw new StartRefusedException(
                $"{on[0].Setup.Section}:Simulated and {on[other].Setup.Section}:Simulated differ: real and simulated prices never share a server and its store.");
        return new ExchangeSources(
            [.. on.Where(e => e.Setup.Exchange != Exchange.Bitfinex).Select(e => (e.Setup.Exchange, SourceOf(e.Options)))]);

        string SourceOf(IExchangeOptions options) =>
            configuration.IsDemo() ? StoreSource.OfSimulator(configuration.Demo().Seed).Text : options.WebSocketUrl.Host;
    }

    /// <summary>Checks the store's notes of the further exchanges, and makes those that are missing.</summary>
    /// <exception cref="StoreRefusedException">The store holds candles of another source.</exception>
    public async Task CheckAsync(ICandleStore store, CancellationToken cancel)
    {
        if (store is not INoteStore notes) return;
        foreach (var (exchange, source) in _further)
        {
            var recorded = await notes.FindNoteAsync(NoteName + exchange, cancel);
            if (recorded is null) await notes.SaveNoteAsync(NoteName + exchange, source, cancel);
            else if (recorded != source)
                throw new StoreRefusedException(
                    $"The store holds candles of {exchange} from '{recorded}', not from '{source}': prices of different sources never mix, so use another store.");
        }
    }
}
