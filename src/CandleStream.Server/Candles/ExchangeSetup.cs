using CandleStream.Exchanges;
using CandleStream.Exchanges.Binance;
using CandleStream.Exchanges.Bitfinex;
using CandleStream.Exchanges.Kraken;
using CandleStream.Providers;
using CandleStream.Simulator;
using Microsoft.Extensions.Options;

namespace CandleStream.Server.Candles;

/// <summary>An exchange as this server sets it up. A new one gets its line in <see cref="All"/>.</summary>
/// <param name="Exchange">The exchange; its name is also that of its section.</param>
/// <param name="Options">The class of its section.</param>
/// <param name="Bind">Binds the section, and checks it at the start.</param>
/// <param name="Read">Reads the section before there are services.</param>
/// <param name="CreateProvider">Makes its provider, with sockets and a budget of its own.</param>
/// <param name="Dialect">How the simulator plays it.</param>
/// <param name="CommandCallsPerMinute">REST calls of a command in any 60 s; a server beside it needs the rest.</param>
internal sealed record ExchangeSetup(
    Exchange Exchange,
    Type Options,
    Action<IServiceCollection, IConfigurationSection> Bind,
    Func<IConfigurationSection, IExchangeOptions> Read,
    Func<IServiceProvider, ExchangeMetrics, ICandleProvider> CreateProvider,
    SimulatorDialect Dialect,
    int CommandCallsPerMinute)
{
    /// <summary>Every exchange that is known, Bitfinex first.</summary>
    public static IReadOnlyList<ExchangeSetup> All { get; } =
    [
        Of<BitfinexOptions>(Exchange.Bitfinex, SimulatorDialect.Bitfinex, CreateBitfinex, commandCallsPerMinute: 8),
        Of<BinanceOptions>(
            Exchange.Binance, SimulatorDialect.Binance, CreateOver<BinanceOptions, BinanceWebSocketCandleProvider>("/stream"), 60),
        Of<KrakenOptions>(Exchange.Kraken, SimulatorDialect.Kraken, CreateOver<KrakenOptions, KrakenWebSocketCandleProvider>("/v2"), 12),
    ];

    /// <summary>The name of the section.</summary>
    public string Section => Options.Name[..^"Options".Length];

    /// <summary>Those that are on, Bitfinex first.</summary>
    /// <exception cref="Hosting.StartRefusedException">The setting names an exchange that we do not know.</exception>
    public static IReadOnlyList<ExchangeSetup> On(IConfiguration configuration) =>
        [.. ExchangesOptions.Read(configuration).Select(Of)];

    /// <summary>How this exchange is set up.</summary>
    public static ExchangeSetup Of(Exchange exchange) => All.First(s => s.Exchange == exchange);

    private static ExchangeSetup Of<TOptions>(
        Exchange exchange, SimulatorDialect dialect, Func<IServiceProvider, ExchangeMetrics, ICandleProvider> createProvider,
        int commandCallsPerMinute)
        where TOptions : class, IExchangeOptions, new() => new(
        exchange,
        typeof(TOptions),
        (services, section) => services.AddOptions<TOptions>().Bind(section).ValidateDataAnnotations().ValidateOnStart(),
        section => section.Get<TOptions>() ?? new TOptions(),
        createProvider,
        dialect,
        commandCallsPerMinute);

    // Its transport is a service: the commands that look at the exchange use it, and tests put another one in its place.
    private static ICandleProvider CreateBitfinex(IServiceProvider services, ExchangeMetrics metrics) =>
        ActivatorUtilities.CreateInstance<BitfinexWebSocketCandleProvider>(services, metrics);

    private static Func<IServiceProvider, ExchangeMetrics, ICandleProvider> CreateOver<TOptions, TProvider>(string socketPath)
        where TOptions : class, IExchangeOptions
        where TProvider : ICandleProvider => (services, metrics) =>
    {
        var options = services.GetRequiredService<IOptions<TOptions>>().Value;
        var transport = ExchangeTransport.Create(new Uri(options.WebSocketUrl, socketPath));
        return ActivatorUtilities.CreateInstance<TProvider>(services, options, transport, metrics);
    };
}
