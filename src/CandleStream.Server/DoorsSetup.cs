using CandleStream.Server.Dialects.Bitfinex;
using CandleStream.Server.Doors;
using CandleStream.Server.Mcp;
using CandleStream.Server.Udf;
using CandleStream.Server.Webhooks;

namespace CandleStream.Server;

/// <summary>The doors for other people's programs: one adapter to our candles, and what each door works with.</summary>
internal static class DoorsSetup
{
    public static void AddDoors(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<CandleDoor>();
        builder.AddUdf();
        builder.AddMcp();
        builder.AddBitfinexDialect();
        builder.AddWebhooks();
    }
}
