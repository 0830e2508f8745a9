using CandleStream.Exchanges.Binance;
using CandleStream.Exchanges.Bitfinex;
using CandleStream.Server.Hosting;
using CandleStream.Storage;

namespace CandleStream.Server.Candles;

/// <summary>
/// Whose candles the series of each exchange are. The store itself remembers the first source, which was the only one once; those of
/// further
/// exchanges stand beside it as notes.
/// </summary>
internal sealed class ExchangeSources
{
    private const string NoteName = "source ";

    private readonly IReadOnlyList<(Exchange Exchange, string Source)> _further;

    private ExchangeSources(IReadOnlyList<(Exchange Exchange, string Source)> further) => _further = further;

    /// <exception cref="StartRefusedException">One exchange is real and another simulated.</exception>
    public static ExchangeSources Read(IConfiguration configuration)
    {
        var binance = configuration.GetSection("Binance").Get<BinanceOptions>() ?? new BinanceOptions();
        var bitfinex = configuration.GetSection("Bitfinex").Get<BitfinexOptions>() ?? new BitfinexOptions();
        var on = ExchangesOptions.Read(configuration);
        if (on.Count > 1 && bitfinex.Simulated != binance.Simulated)
            throw new StartRefusedException(
                "Bitfinex:Simulated and Binance:Simulated differ: real and simulated prices never share a server and its store.");
        var source = configuration.IsDemo() ? StoreSource.OfSimulator(configuration.Demo().Seed).Text : binance.WebSocketUrl.Host;
        return new ExchangeSources(on.Contains(Exchange.Binance) ? [(Exchange.Binance, source)] : []);
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
