using System.Globalization;
using System.Text.Json;
using CandleStream.Server.Doors;
using CandleStream.Server.Http;

namespace CandleStream.Server.Dialects.Bitfinex;

/// <summary>
/// Answers in the exchange's form. Source of codes and statuses: Bitfinex documentation (abbreviations-glossary, rest-public-candles).
/// </summary>
internal static class BitfinexAnswer
{
    /// <summary>How many ranges of the asked time are not verified.</summary>
    public const string GapsHeader = "X-CandleStream-Gaps";

    public static async Task WriteAsync(HttpContext context, ReadOnlyMemory<byte> json, int status = StatusCodes.Status200OK)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        context.Response.ContentLength = json.Length;
        if (!HttpMethods.IsHead(context.Request.Method)) await context.Response.Body.WriteAsync(json, context.RequestAborted);
    }

    /// <summary>A parameter that is not allowed: the exchange says 500.</summary>
    public static Task InvalidAsync(HttpContext context, string what) =>
        WriteAsync(context, Error(10020, $"{what}: invalid"), StatusCodes.Status500InternalServerError);

    /// <summary>What was asked for cannot be vouched for now.</summary>
    public static Task TryAgainAsync(HttpContext context, DialectMetrics metrics, int gaps)
    {
        metrics.TryAgain();
        if (gaps > 0) context.Response.Headers[GapsHeader] = gaps.ToString(CultureInfo.InvariantCulture);
        return WriteAsync(context, Error(11010, "ratelimit: error"), StatusCodes.Status429TooManyRequests);
    }

    public static byte[] Error(int code, string text) => JsonBytes.Write(json =>
    {
        json.WriteStartArray();
        json.WriteStringValue("error");
        json.WriteNumberValue(code);
        json.WriteStringValue(text);
        json.WriteEndArray();
    });

    /// <summary>Candles in the order given.</summary>
    public static byte[] Rows(IEnumerable<Candle> candles) => JsonBytes.Write(json =>
    {
        json.WriteStartArray();
        foreach (var candle in candles) WriteRow(json, candle);
        json.WriteEndArray();
    });

    /// <summary><c>[MTS,OPEN,CLOSE,HIGH,LOW,VOLUME]</c>.</summary>
    public static void WriteRow(Utf8JsonWriter json, in Candle candle)
    {
        json.WriteStartArray();
        json.WriteNumberValue(candle.Time);
        json.WriteNumberValue(candle.Open);
        json.WriteNumberValue(candle.Close);
        json.WriteNumberValue(candle.High);
        json.WriteNumberValue(candle.Low);
        json.WriteNumberValue(candle.Volume);
        json.WriteEndArray();
    }
}

/// <summary>What the server refuses before a route of the dialect sees it, in the exchange's form.</summary>
internal sealed class BitfinexErrors() : ErrorForm(BitfinexDialect.Path)
{
    protected override Task WriteAsync(HttpContext context, int status, string detail)
    {
        var error = status switch
        {
            StatusCodes.Status401Unauthorized => BitfinexAnswer.Error(10100, "apikey: invalid"),
            StatusCodes.Status429TooManyRequests => BitfinexAnswer.Error(11010, "ratelimit: error"),
            StatusCodes.Status503ServiceUnavailable => BitfinexAnswer.Error(20060, "maintenance"),
            StatusCodes.Status404NotFound => BitfinexAnswer.Error(10020, "path: only public candles are served here"),
            _ => BitfinexAnswer.Error(10001, detail),
        };
        return BitfinexAnswer.WriteAsync(context, error, status);
    }
}
