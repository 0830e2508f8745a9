using CandleStream.Server.Streams.Sending;
using CandleStream.Server.Streams.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace CandleStream.Server.Streams;

/// <summary>Adds the stream: its senders, limits, counters and what it needs of the web server.</summary>
public static class StreamSetup
{
    /// <summary>
    /// Needs <c>ISeriesHome</c>, <c>SeriesJoiner</c>, <c>ICandleProvider</c> and <c>ISymbolDirectory</c> from elsewhere, and
    /// <see cref="SendingOptions"/> bound.
    /// </summary>
    public static WebApplicationBuilder AddCandleStreamSse(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<StreamCounters>();
        services.AddSingleton<StreamLimiter>();
        services.AddSingleton<SenderThreads>();
        services.AddHostedService(provider => provider.GetRequiredService<SenderThreads>());
        services.AddHostedService<MemoryTrim>();
        services.AddSingleton<StreamSessions>();
        services.AddSingleton<StreamServices>();

        // The web server asks the transport that was added last first, and its own for what that one does not bind.
        builder.WebHost.UseSockets();
        services.AddSingleton<IConnectionListenerFactory, TakeableTransport>();
        return builder;
    }
}
