using System.Globalization;
using System.IO.Compression;

namespace CandleStream.Simulator.Markets;

/// <summary>One recorded trade: Unix ms, price, the amount without its sign, its number, and whether its taker bought.</summary>
internal readonly record struct RecordedTrade(string Pair, long Time, decimal Price, decimal Amount, long Id, bool IsTakerBuy);

/// <summary>
/// Reads recordings: a header line, then <c>ts_ms,price,amount</c> in rising time; amount below zero is a taker's sell. A fourth field is
/// the trade's number; without it trades are numbered from 1.
/// </summary>
internal static class RecordedTrades
{
    private const NumberStyles Decimal = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    /// <summary>The trades of all files in one order of time.</summary>
    /// <exception cref="InvalidDataException">A line is not a trade, or a file holds none; the message names file and line.</exception>
    public static RecordedTrade[] Read(IReadOnlyList<TradesFile> files)
    {
        var trades = files.SelectMany(Read).ToList();
        return [.. trades.OrderBy(trade => trade.Time)];
    }

    private static List<RecordedTrade> Read(TradesFile file)
    {
        using var stream = File.OpenRead(file.Path);
        using var text = new StreamReader(
            file.Path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(stream, CompressionMode.Decompress) : stream);
        var trades = new List<RecordedTrade>();
        text.ReadLine();
        for (var number = 2; text.ReadLine() is { } line; number++)
        {
            if (line.Length > 0)
                trades.Add(Parse(file, line, number));
        }
        return trades.Count > 0 ? trades : throw new InvalidDataException($"{file.Path} holds no trades.");
    }

    private static RecordedTrade Parse(TradesFile file, string line, int number)
    {
        var fields = line.Split(',');
        return fields.Length >= 3
            && long.TryParse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture, out var time)
            && decimal.TryParse(fields[1], Decimal, CultureInfo.InvariantCulture, out var price)
            && decimal.TryParse(fields[2], Decimal, CultureInfo.InvariantCulture, out var amount)
            ? new RecordedTrade(file.Pair, time, price, Math.Abs(amount), IdOf(fields, number), amount > 0)
            : throw new InvalidDataException($"{file.Path}, line {number}: '{line}' is not ts_ms,price,amount.");
    }

    private static long IdOf(string[] fields, int line) =>
        fields.Length > 3 && long.TryParse(fields[3], NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : line - 1;
}
