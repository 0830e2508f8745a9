using System.CommandLine;

namespace CandleStream.Load;

/// <summary>
/// Loads a stream server with many connections and measures it; publishes to servers that have no market of their own. See bench/README.md.
/// </summary>
internal static class Program
{
    public static Task<int> Main(string[] args) =>
        new RootCommand("Measures servers of candle streams.") { StreamCommand(), PublishCommand(), BareCommand() }.Parse(args)
            .InvokeAsync();

    private static Command StreamCommand()
    {
        var url = new Option<string>("--url") { Required = true, Description = "The server, such as http://127.0.0.1:8000" };
        var path = new Option<string>("--path")
        {
            DefaultValueFactory = _ => "/candles/stream?symbol=LOAD{0:000}USD&timeframe=1m",
            Description = "Path of a stream; {0} is the number of its series"
        };
        var connections =
            new Option<int>("--connections") { DefaultValueFactory = _ => 2000, Description = "Connections, dealt out over the series" };
        var series = new Option<int>("--series") { DefaultValueFactory = _ => 1, Description = "Series" };
        var warmup = new Option<double>("--warmup") { DefaultValueFactory = _ => 3, Description = "Seconds before the measurement" };
        var duration = new Option<double>("--duration") { DefaultValueFactory = _ => 10, Description = "Seconds of the measurement" };
        var connectRate = new Option<int>("--connect-rate") { DefaultValueFactory = _ => 2000, Description = "Connects a second" };
        var sources = new Option<int>(
            "--sources")
        { DefaultValueFactory = _ => 1, Description = "Loopback addresses to connect from, 127.0.0.1 and following" };
        var stalled = new Option<double>("--stalled")
        {
            DefaultValueFactory = _ => 0,
            Description = "Share of the connections (0..1) that stop reading when the measurement starts, with a receive buffer of 4 KB"
        };
        var churn = new Option<int>("--churn")
        {
            DefaultValueFactory = _ => 0,
            Description = "Connections a second that come and go again beside the measured ones"
        };
        var pids = new Option<int[]>(
            "--pid")
        { AllowMultipleArgumentsPerToken = true, Description = "Processes of the server, for CPU and memory" };
        var command = new Command("stream", "Opens connections, measures for a while, prints one line of JSON.") { url, path, connections,
            series, warmup, duration, connectRate, sources, stalled, churn, pids };
        command.SetAction(async (parsed, cancel) =>
        {
            var options = new LoadOptions(
                new Uri(parsed.GetValue(url)!), parsed.GetValue(path)!, parsed.GetValue(connections), parsed.GetValue(series),
                TimeSpan.FromSeconds(parsed.GetValue(warmup)), TimeSpan.FromSeconds(parsed.GetValue(duration)),
                parsed.GetValue(connectRate),
                parsed.GetValue(sources), parsed.GetValue(stalled), parsed.GetValue(churn), parsed.GetValue(pids) ?? []);
            Console.WriteLine(await new LoadRun(options).RunAsync(cancel));
            return 0;
        });
        return command;
    }

    private static Command PublishCommand()
    {
        var url = new Option<string>("--url") { Required = true, Description = "The server" };
        var path = new Option<string>(
            "--path")
        { DefaultValueFactory = _ => "/pub/{0}", Description = "Path to post to; {0} is the number of the series" };
        var series = new Option<int>("--series") { DefaultValueFactory = _ => 1, Description = "Series" };
        var rate = new Option<double>("--rate") { DefaultValueFactory = _ => 10, Description = "Updates a second of each series" };
        var duration = new Option<double>("--duration") { DefaultValueFactory = _ => 20, Description = "Seconds" };
        var command = new Command(
            "publish", "Posts candles like the product's own, for servers without a market.") { url, path, series, rate, duration };
        command.SetAction((parsed, cancel) => Publisher.RunAsync(
            new Uri(parsed.GetValue(url)!), parsed.GetValue(path)!, parsed.GetValue(series), parsed.GetValue(rate),
            TimeSpan.FromSeconds(parsed.GetValue(duration)), cancel));
        return command;
    }

    private static Command BareCommand()
    {
        var port = new Option<int>("--port") { Required = true, Description = "Port on 127.0.0.1" };
        var command = new Command("bare", "Serves a stream that only opens, to compare the cost of connects with.") { port };
        command.SetAction((parsed, cancel) => BareEndpoint.RunAsync(parsed.GetValue(port), cancel));
        return command;
    }
}

/// <summary>What one run does.</summary>
internal sealed record LoadOptions(
    Uri Url, string Path, int Connections, int Series, TimeSpan Warmup, TimeSpan Duration, int ConnectRate, int Sources, double Stalled,
    int Churn, int[] Pids);
