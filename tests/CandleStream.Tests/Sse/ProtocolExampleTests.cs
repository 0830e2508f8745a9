using System.Text.RegularExpressions;
using CandleStream.Providers;
using CandleStream.Server.Streams.Events;
using CandleStream.Streaming;
using CandleStream.Streaming.Series;

namespace CandleStream.Tests.Sse;

/// <summary>Every example of docs/protocol.md is what the server sends, byte for byte, and every event has one.</summary>
public sealed partial class ProtocolExampleTests
{
    private static readonly SeriesKey Btc = SeriesKey.Parse("BTCUSD:1m");
    private static readonly SeriesKey Eth = SeriesKey.Parse("ETHUSD:5m");
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeMilliseconds(1541980812345);
    private static readonly Candle Closed = new(1541980740000, 6351.1m, 6352m, 6351m, 6351.9m, 3.20518m, true, new Rev(1541980801000123));
    private static readonly Candle Forming =
        new(1541980800000, 6351.9m, 6351.9m, 6350m, 6350.5m, 3.1e-7m, false, new Rev(1541980812000456));
    private static readonly Candle Next = Forming with { Close = 6350.1m, Volume = 0.75000031m, Rev = new Rev(1541980813000789) };
    private static readonly Candle AfterNext = Next with { Low = 6349.5m, Close = 6349.5m, Volume = 0.8m, Rev = new Rev(1541980813500012) };

    private static readonly Dictionary<string, Frame> Sent = new()
    {
        ["retry"] = StreamEvents.Retry(1873),
        ["hello"] = StreamEvents.Hello(1541980812345, TimeSpan.FromSeconds(15), [Btc, Eth], simulated: false),
        ["status-live"] = StreamEvents.Status(new SeriesStatus(Btc, new FeedState(SeriesState.Live), []), Now),
        ["status-reconnecting"] = StreamEvents.Status(
            new SeriesStatus(Btc, new FeedState(SeriesState.Reconnecting, 2, Now.AddMilliseconds(1500),
                "the exchange closed the connection"), [new TimeRange(1541980680000, 1541980800000)]), Now),
        ["status-polling"] =
            StreamEvents.Status(new SeriesStatus(Btc, new FeedState(SeriesState.Polling, 6, PollEvery: TimeSpan.FromSeconds(15)), []), Now),
        ["missed"] = StreamEvents.MissedCandle(Btc, Closed),
        ["snapshot"] = StreamEvents.Snapshot(Btc, [Closed, Forming]),
        ["synced"] = StreamEvents.Synced(new Rev(1541980812345678), [(Btc, JoinMode.Resumed), (Eth, JoinMode.Reset)]),
        ["candle"] = StreamEvents.Candle(new CandleUpdate(Btc, Next)),
        ["delta"] = StreamEvents.Delta(Btc, Next, AfterNext),
        ["heartbeat"] = StreamEvents.Heartbeat(1541980827345),
        ["bye"] = StreamEvents.Bye(4321),
    };

    public static TheoryData<string> Examples => [.. Sent.Keys];

    [Theory]
    [MemberData(nameof(Examples))]
    public void An_example_is_what_the_server_sends(string name) => Assert.Equal(InDocument()[name], Sent[name].ToString());

    [Fact]
    public void No_example_stands_unchecked() => Assert.Equal(Sent.Keys.Order(), InDocument().Keys.Order());

    private static Dictionary<string, string> InDocument() =>
        Example().Matches(File.ReadAllText(Path.Combine(RepositoryRoot(), "docs", "protocol.md")))
            .ToDictionary(m => m.Groups["name"].Value, m => m.Groups["event"].Value);

    private static string RepositoryRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "CandleStream.slnx")))
            folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("No CandleStream.slnx above the tests.");
        return folder;
    }

    [GeneratedRegex("^```text sse:(?<name>[a-z-]+)\n(?<event>.*?\n\n)```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Example();
}
