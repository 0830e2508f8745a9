using Microsoft.Extensions.Logging.Console;

namespace CandleStream.Server.Setup;

/// <summary>The log: readable lines by default, one JSON object a line with <c>Logging:Console:FormatterName=json</c>.</summary>
internal static class LoggingSetup
{
    // Programs that read JSON want the request's TraceId, which is what an error answer names; on a terminal scopes are noise.
    public static void AddLog(this WebApplicationBuilder builder) => builder.Services.Configure<JsonConsoleFormatterOptions>(json => json.IncludeScopes = true);
}
