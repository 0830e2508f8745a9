using System.Diagnostics.Metrics;
using CandleStream.Exchanges;
using CandleStream.Exchanges.Bitfinex;
using CandleStream.Providers;
using CandleStream.Server.Symbols;
using CandleStream.Storage;
using CandleStream.Streaming;
using CandleStream.Streaming.Series;
using Microsoft.Extensions.Options;

namespace CandleStream.Server.Candles;

/// <summary>The way of a candle: the exchange's socket, one hub per series, and history beside it.</summary>
internal static class StreamingSetup
{
    public static void AddCandleStreaming(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<RevCounter>();
        services.AddSingleton(s => s.GetRequiredService<IOptions<BitfinexOptions>>().Value);
        services.AddSingleton(s => s.GetRequiredService<IOptions<StreamingOptions>>().Value);
        services.AddSingleton<StreamingMetrics>();
        services.AddSingleton(CreateTransport);
        services.AddSingleton(CreateProviders);
        services.AddSingleton<ICandleProvider>(s => s.GetRequiredService<CandleProviders>());
        services.AddSingleton(Random.Shared);
        services.AddSingleton<HistoryFill>();
        services.AddSingleton(CreateService);
        services.AddSingleton<ISeriesHome>(s => s.GetRequiredService<CandleStreamService>());
        services.AddSingleton<SeriesJoiner>();
        services.AddSingleton<CandleHistory>();
        services.AddHostedService<RecordingHost>();
        services.AddHostedService<RetentionHost>();
    }

    private static ExchangeTransport CreateTransport(IServiceProvider s)
    {
        // What is made first is disposed last: the demo's exchange must not end before the sockets to it.
        s.GetService<DemoExchanges>();
        return ExchangeTransport.Create(s.GetRequiredService<BitfinexOptions>().WebSocketUrl);
    }

    // Each exchange has a provider, and with it sockets, a budget and counters of its own.
    private static CandleProviders CreateProviders(IServiceProvider s)
    {
        s.GetService<DemoExchanges>();
        var meters = s.GetService<IMeterFactory>();
        var exchanges = s.GetRequiredService<IOptions<ExchangesOptions>>().Value.On;
        return new CandleProviders([.. exchanges.Select(e => ExchangeSetup.Of(e).CreateProvider(s, new ExchangeMetrics(meters, e)))]);
    }

    // The writer says when it had to give candles up: then they are fetched again.
    private static CandleStreamService CreateService(IServiceProvider s)
    {
        var writer = s.GetRequiredService<CandleWriter>();
        var service = new CandleStreamService(
            s.GetRequiredService<ICandleProvider>(),
            s.GetRequiredService<CandleArchive>(),
            s.GetRequiredService<HistoryFill>(),
            [],
            s.GetRequiredService<RevCounter>(),
            s.GetRequiredService<StreamingOptions>(),
            s.GetRequiredService<TimeProvider>(),
            s.GetRequiredService<ILoggerFactory>(),
            s.GetRequiredService<StreamingMetrics>());
        writer.Lost += service.Lose;
        return service;
    }

    public static void AddSymbolDirectory(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<SymbolDirectory>();
        builder.Services.AddSingleton<ISymbolDirectory>(s => s.GetRequiredService<SymbolDirectory>());
        builder.Services.AddHostedService(s => s.GetRequiredService<SymbolDirectory>());
    }
}
