using CandleStream.Server.Hosting;

namespace CandleStream.Server.Candles;

/// <summary>
/// Section <c>Record</c>: series kept open and recorded without any client, as a list in appsettings.json (<c>"Record": ["BTCUSD:1m"]</c>)
/// or with commas elsewhere (<c>--Record=BTCUSD:1m,ETHUSD:1h</c>). Each counts toward <c>Streaming:MaxOpenSeries</c>. Default: none.
/// </summary>
public sealed class RecordOptions
{
    public const string Section = "Record";

    /// <summary>The series to record, each once.</summary>
    public IReadOnlyList<SeriesKey> Series { get; set; } = [];

    /// <exception cref="StartRefusedException">An entry is not a series.</exception>
    internal static IReadOnlyList<SeriesKey> Read(IConfiguration configuration)
    {
        var section = configuration.GetSection(Section);
        var entries = section.GetChildren().Select(c => c.Value).Prepend(section.Value)
            .SelectMany(v => (v ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        return entries.Select(Parse).Distinct().ToList();
    }

    private static SeriesKey Parse(string entry) => SeriesKey.TryParse(entry, out var series)
        ? series
        : throw new StartRefusedException(
            $"Invalid setting {Section}: '{entry}' is not a series such as BTCUSD:1m; timeframes: {string.Join(", ", Timeframe.All)}.");
}
