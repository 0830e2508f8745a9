using System.Text.Json;

namespace CandleStream.Server.Webhooks;

/// <summary>
/// How far one target was told of one series. Kept in the store after every delivery, so that a restart goes on from there.
/// </summary>
/// <param name="Rev">Changes up to this rev were delivered, or are no news for the target.</param>
/// <param name="Delivered">Open times of which a closed candle was delivered: a later version of one of these is a correction.</param>
internal sealed record WebhookCursor(Rev Rev, TimeRangeSet Delivered)
{
    /// <summary>Ranges remembered; older ones grow together, so that a late first candle there is called a correction.</summary>
    private const int MaxRanges = 500;

    public bool IsCorrection(in Candle candle) => Delivered.Contains(candle.Time);

    /// <summary>The cursor after a candle of this timeframe was delivered.</summary>
    public WebhookCursor After(in Candle candle, Timeframe timeframe)
    {
        var delivered = Delivered.Add(new TimeRange(candle.Time, timeframe.EndOf(candle.Time)));
        if (delivered.Ranges.Length > MaxRanges) delivered = delivered.Add(new TimeRange(delivered.Ranges[0].From, delivered.Ranges[1].To));
        return new WebhookCursor(Rev.Max(Rev, candle.Rev), delivered);
    }

    public string ToText() => JsonSerializer.Serialize(new Kept(Rev, [.. Delivered.Ranges.Select(r => (long[])[r.From, r.To])]));

    /// <summary>Reads what <see cref="ToText"/> wrote; null for anything else.</summary>
    public static WebhookCursor? Parse(string? text)
    {
        try
        {
            return text is not null && JsonSerializer.Deserialize<Kept>(text) is { Delivered: { } ranges } kept
                && ranges.All(r => r is [_, _])
                ? new WebhookCursor(kept.Rev, TimeRangeSet.Of(ranges.Select(r => new TimeRange(r[0], r[1]))))
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private sealed record Kept(Rev Rev, long[][] Delivered);
}
