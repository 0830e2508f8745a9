namespace CandleStream.Tests.House;

/// <summary>
/// The house keeps its floors: reading down from <c>Program.cs</c>, nobody has to go back up, and no folders need each other in a circle.
/// </summary>
public sealed class FolderArrowTests
{
    /// <summary>
    /// From the top floor to the ground. A folder may name what lives on a floor below its own. A new folder gets its place here.
    /// </summary>
    private static readonly string[][] Floors =
    [
        ["CandleStream.Server"],
        ["CandleStream.Server/Commands", "CandleStream.Server/OpenApi", "CandleStream.Server/Operations"],
        ["CandleStream.Server/Configuration", "CandleStream.Server/Limits"],
        ["CandleStream.Server/Mcp", "CandleStream.Server/Udf", "CandleStream.Server/Webhooks"],
        ["CandleStream.Server/Dialects/Bitfinex"],
        ["CandleStream.Server/Streams"],
        ["CandleStream.Server/Streams/Sending"],
        ["CandleStream.Server/Streams/Sockets"],
        [
            "CandleStream.Server/Candles", "CandleStream.Server/Dialects", "CandleStream.Server/Doors", "CandleStream.Server/History",
            "CandleStream.Server/Streams/Events",
        ],
        ["CandleStream.Server/Symbols"],
        ["CandleStream.Server/Http"],
        ["CandleStream.Server/Access"],
        ["CandleStream.Server/Hosting"],
        ["CandleStream.Simulator", "CandleStream.Storage", "CandleStream.Client", "CandleStream.Exchanges/Bitfinex/Probe"],
        [
            "CandleStream.Exchanges/Binance", "CandleStream.Exchanges/Bitfinex", "CandleStream.Exchanges/Kraken",
            "CandleStream.Storage/Postgres", "CandleStream.Storage/Sqlite",
        ],
        ["CandleStream.Exchanges", "CandleStream.Storage/Shared", "CandleStream/Streaming"],
        ["CandleStream/Streaming/Series"],
        ["CandleStream/Providers", "CandleStream/Storage"],
        ["CandleStream"],
    ];

    private static readonly Lazy<IReadOnlyList<FolderArrow>> Arrows = new(() => [.. FolderArrows.Read().Where(a => !IsInsideSimulator(a))]);

    [Fact]
    public void Every_arrow_between_folders_runs_down()
    {
        var floor = Floors.SelectMany((folders, i) => folders.Select(f => (f, i))).ToDictionary(x => x.f, x => x.i);

        var wrong = Arrows.Value.Where(a => !floor.ContainsKey(a.From) || !floor.ContainsKey(a.To) || floor[a.From] >= floor[a.To]);

        Assert.Empty(wrong.Select(a => $"{a}: it runs up, or a folder has no floor in {nameof(FolderArrowTests)}"));
    }

    [Fact]
    public void No_folders_need_each_other_in_a_circle() =>
        Assert.Empty(FolderArrows.Circles(Arrows.Value).Select(c => string.Join(" <-> ", c)));

    [Fact]
    public void A_circle_is_found()
    {
        FolderArrow[] arrows =
            [new("A", "B", "a.cs", "X"), new("B", "C", "b.cs", "Y"), new("C", "A", "c.cs", "Z"), new("C", "D", "c.cs", "W")];

        Assert.Equal(["A", "B", "C"], Assert.Single(FolderArrows.Circles(arrows)));
    }

    // The simulator is one program about one exchange; its folders are sorted by dialect when it speaks a second one.
    private static bool IsInsideSimulator(FolderArrow arrow) => arrow.From.StartsWith("CandleStream.Simulator/", StringComparison.Ordinal)
        || arrow.To.StartsWith("CandleStream.Simulator/", StringComparison.Ordinal);
}
