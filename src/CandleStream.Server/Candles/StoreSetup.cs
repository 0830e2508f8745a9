using CandleStream.Exchanges.Bitfinex;
using CandleStream.Server.Hosting;
using CandleStream.Storage;
using Microsoft.Extensions.Options;

namespace CandleStream.Server.Candles;

/// <summary>The candle store and its writer: SQLite, or PostgreSQL where DATABASE_URL is set.</summary>
internal static class StoreSetup
{
    private const string DatabaseUrlKey = "DATABASE_URL";

    public static void AddCandleStore(this WebApplicationBuilder builder)
    {
        var databaseUrl = builder.Configuration[DatabaseUrlKey];
        if (string.IsNullOrWhiteSpace(databaseUrl)) databaseUrl = null;
        if (databaseUrl is not null && builder.Configuration.IsDemo())
            throw new StartRefusedException(
                "The demo keeps its candles in its own file and refuses DATABASE_URL: simulated and real prices never mix. Unset it, or start without --demo.");
        // Made here, so that a malformed URL stops the start before anything else begins.
        if (databaseUrl is not null) DatabaseUrl.Parse(databaseUrl);

        var services = builder.Services;
        services.AddSingleton(s => CandleStoreFactory.Create(
            s.GetRequiredService<IOptions<StorageOptions>>().Value, databaseUrl, s.GetRequiredService<TimeProvider>(),
            s.GetRequiredService<ILoggerFactory>()));
        services.AddSingleton<CandleWriterMetrics>();
        services.AddSingleton(s => new CandleWriter(
            s.GetRequiredService<ICandleStore>(), s.GetRequiredService<IOptions<StorageOptions>>().Value,
            s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<CandleWriter>>(),
            s.GetRequiredService<CandleWriterMetrics>()));
        services.AddSingleton<CandleArchive>();
        services.AddSingleton(SourceOf(builder.Configuration));
        services.AddSingleton(ExchangeSources.Read(builder.Configuration));
        services.AddSingleton<StoreHost>();
        services.AddHostedService(s => s.GetRequiredService<StoreHost>());
    }

    /// <summary>Whose candles these are; a store that holds another source's is refused.</summary>
    private static StoreSource SourceOf(ConfigurationManager configuration)
    {
        if (configuration.IsDemo()) return StoreSource.OfSimulator(configuration.Demo().Seed);
        return new StoreSource((configuration.GetSection("Bitfinex").Get<BitfinexOptions>() ?? new BitfinexOptions()).WebSocketUrl.Host);
    }
}
