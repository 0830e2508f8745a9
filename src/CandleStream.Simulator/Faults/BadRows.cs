using System.Globalization;
using System.Text;
using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator.Faults;

/// <summary>
/// Rows that are no candles, in updates, snapshots and REST pages alike. Three kinds stand in the place of a true row and keep its time; a
/// stray row comes besides the true ones, with a time at which no candle can open. What exactly is wrong changes from minute to minute.
/// </summary>
internal static class BadRows
{
    private const long YearMs = 365 * MarketTimeframe.Day;

    private static readonly FaultKind[] InPlace = [FaultKind.NullRow, FaultKind.UnparsableRow, FaultKind.ImplausibleRow];

    /// <summary>What is sent in the place of <paramref name="candle"/>; null: the candle itself.</summary>
    public static byte[]? InPlaceOf(in MarketCandle candle, FaultBoard faults, string key, int? session = null)
    {
        foreach (var kind in InPlace)
        {
            if (faults.Strike(kind, key, session) is not null)
                return Spoil(kind, candle);
        }
        return null;
    }

    /// <summary>What is sent before <paramref name="candle"/>; null: nothing.</summary>
    public static byte[]? Before(in MarketCandle candle, FaultBoard faults, string key, int? session = null) =>
        faults.Strike(FaultKind.StrayRow, key, session) is not null ? Stray(candle) : null;

    /// <summary>The rows of a page or snapshot; a fault spoils one of them.</summary>
    public static byte[] Page(IReadOnlyList<MarketCandle> candles, CandleStyle style, FaultBoard faults, string key, int? session = null)
    {
        if (faults.IsEmpty || candles.Count == 0)
            return WireText.Candles(candles, style);
        var rows = candles.Select(candle => WireText.Candle(candle, style)).ToList();
        var place = (int)(candles[0].Time / MarketTimeframe.Minute % candles.Count);
        if (InPlaceOf(candles[place], faults, key, session) is { } bad)
            rows[place] = bad;
        if (Before(candles[place], faults, key, session) is { } stray)
            rows.Insert(place, stray);
        return WireText.Rows(rows);
    }

    private static byte[] Spoil(FaultKind kind, in MarketCandle candle) => kind switch
    {
        FaultKind.NullRow => Row(candle.Time, "null", "null", "null", "null", "0"),
        FaultKind.UnparsableRow when Turn(candle, 2) == 0 =>
            Row(candle.Time, Text(candle.Open), Text(candle.Close), Text(candle.High), Text(candle.Low), "1e40"),
        FaultKind.UnparsableRow =>
            Row(candle.Time, Text(candle.Open), "\"none\"", Text(candle.High), Text(candle.Low), Text(candle.Volume)),
        _ => WireText.Candle(Turn(candle, 3) switch
        {
            0 => candle with { High = candle.Low / 2, Low = candle.High * 2 },
            1 => candle with { Open = 0, Low = 0 },
            _ => candle with { Volume = -candle.Volume },
        }),
    };

    private static byte[] Stray(in MarketCandle candle) => WireText.Candle(candle with
    {
        Time = Turn(candle, 3) switch
        {
            0 => 1,
            1 => candle.Time + YearMs,
            _ => candle.Time + 1,
        },
    });

    private static long Turn(in MarketCandle candle, int turns) => candle.Time / MarketTimeframe.Minute % turns;

    private static string Text(decimal value) => value.ToString(CultureInfo.InvariantCulture);

    private static byte[] Row(long time, params string[] fields) =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"[{time},{string.Join(',', fields)}]"));
}
