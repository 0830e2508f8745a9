using System.Text.Json.Serialization;

namespace CandleStream.Server.Udf;

/// <summary><c>/widgets.json</c>: what OpenBB Workspace asks a backend for. It offers one chart, fed by <c>/udf</c>.</summary>
internal static class UdfWidgets
{
    public const string Path = "/widgets.json";

    public static IReadOnlyDictionary<string, OpenBbWidget> All { get; } = new Dictionary<string, OpenBbWidget>
    {
        ["candlestream_chart"] = new(
            "CandleStream", "Live candles from the exchange", "Crypto", "advanced_charting", UdfEndpoints.Path, new OpenBbGrid(20, 20),
            new OpenBbData("BTCUSD", 10_000)),
    };
}

/// <summary>A widget of OpenBB Workspace.</summary>
internal sealed record OpenBbWidget(
    string Name, string Description, string Category, string Type, string Endpoint, [property: JsonPropertyName("gridData")]
        OpenBbGrid GridData, OpenBbData Data);

/// <summary>Its size in columns and rows.</summary>
internal sealed record OpenBbGrid(int W, int H);

/// <summary>The symbol it starts with, and how often it asks for new bars, in ms.</summary>
internal sealed record OpenBbData(
    [property: JsonPropertyName("defaultSymbol")] string DefaultSymbol, [property: JsonPropertyName("updateFrequency")]
    int UpdateFrequency);
