using CandleStream.Server.Streams.Sending;
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
        // With one byte the transport's buffer counts as full until its bytes are sent: a flush that returned has reached the socket,
        // so a sender that goes on with the socket itself cannot overtake it.
        builder.WebHost.UseSockets(sockets => sockets.MaxWriteBufferSize = 1);

        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<StreamCounters>();
        services.AddSingleton<StreamLimiter>();
        services.AddSingleton<SenderThreads>();
        services.AddHostedService(provider => provider.GetRequiredService<SenderThreads>());
        services.AddSingleton<StreamSessions>();
        services.AddSingleton<StreamServices>();
        return builder;
    }
}
