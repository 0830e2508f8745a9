namespace CandleStream.Server.Dialects;

/// <summary>Section <c>Facade</c>: the exchanges' own dialects, for bots that were written for the exchange.</summary>
public sealed class FacadeOptions
{
    /// <summary>
    /// True passes other public GET requests of a dialect, such as tickers, on to the exchange: without any header of the bot, within the
    /// budget of <c>Bitfinex:RestCallsPerMinute</c>, and after our own calls. Default: false, what is not candles is answered 404.
    /// </summary>
    public bool PassThrough { get; set; }
}
