using System.Diagnostics;
using System.Net.WebSockets;
using CandleStream.Simulator;
using CandleStream.Simulator.CommandLine;

namespace CandleStream.Tests.Simulator;

/// <summary>The command line: what its switches mean, what it refuses, and the program itself.</summary>
public sealed class SimulatorProgramTests
{
    [Fact]
    public async Task Every_switch_reaches_its_option()
    {
        var options = await ParseAsync(
            "--port", "18700", "--market", "trades", "--seed", "7", "--trades", "BTCUSD=a.csv", "--trades", "DUSK:USD=b=c.csv.gz",
            "--speed", "max", "--shift", "now",
            "--series", "10", "--rate", "0.5", "--burst", "4", "--channel-limit", "5", "--address-limit", "6", "--connect-limit", "7",
            "--rest-limit", "8", "--heartbeat", "1.5");

        Assert.NotNull(options);
        Assert.Equal((18700, MarketKind.Trades, 7L), (options.Port, options.Market, options.Seed));
        Assert.Equal([new TradesFile("BTCUSD", "a.csv"), new TradesFile("DUSK:USD", "b=c.csv.gz")], options.Trades);
        Assert.Equal((double.PositiveInfinity, true), (options.Speed, options.ShiftToNow));
        Assert.Equal((10, 0.5, 4), (options.Series, options.Rate, options.Burst));
        Assert.Equal((5, 6, 7, 8), (options.ChannelLimit, options.AddressChannelLimit, options.ConnectLimit, options.RestLimit));
        Assert.Equal(TimeSpan.FromSeconds(1.5), options.Heartbeat);
    }

    [Fact]
    public async Task Without_switches_it_is_the_public_exchange_with_an_invented_market()
    {
        var options = await ParseAsync();

        Assert.NotNull(options);
        Assert.Equal((MarketKind.Synthetic, 1L, 30, 20, 30),
            (options.Market, options.Seed, options.ChannelLimit, options.ConnectLimit, options.RestLimit));
        Assert.Equal(["BTCUSD", "ETHUSD"], (await ParseAsync("--symbols", "BTCUSD, ETHUSD"))!.Symbols);
        Assert.Equal(2.5, (await ParseAsync("--speed", "2.5"))!.Speed);
    }

    [Theory]
    [InlineData("--colour", "red")]
    [InlineData("--port", "70000")]
    [InlineData("--port", "http")]
    [InlineData("--market", "fish")]
    [InlineData("--market", "trades")]
    [InlineData("--trades", "BTCUSD=file")]
    [InlineData("--trades", "file", "--market", "trades")]
    [InlineData("--speed", "0")]
    [InlineData("--shift", "then")]
    [InlineData("--heartbeat", "0")]
    [InlineData("--rate", "-1")]
    [InlineData("--rate", "1e300")]
    [InlineData("--heartbeat", "1e300")]
    [InlineData("--heartbeat", "1e-300")]
    [InlineData("--heartbeat", "NaN")]
    [InlineData("--speed", "99999999999")]
    [InlineData("--symbols", "BTCUSD,ETHUSD,BTCUSD")]
    [InlineData("--symbols", ",")]
    [InlineData("--frames", "")]
    public async Task What_it_does_not_understand_stops_the_start(params string[] arguments)
    {
        Assert.Null(await ParseAsync(arguments));
    }

    [Fact]
    public async Task The_program_says_where_it_listens_in_one_line_and_serves_until_it_is_ended()
    {
        var start = new ProcessStartInfo("dotnet", [typeof(BitfinexSimulator).Assembly.Location, "--port", "0", "--seed",
            "9"])
        { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            limit.CancelAfter(TimeSpan.FromSeconds(60));
            var line = await process.StandardOutput.ReadLineAsync(limit.Token);
            Assert.Matches("^listening on http://127\\.0\\.0\\.1:[0-9]+$", line);
            using var socket = new ClientWebSocket();
            await socket.ConnectAsync(
                new Uri(line!["listening on ".Length..].Replace("http", "ws", StringComparison.Ordinal) + "/ws/2"), limit.Token);
            using var client = new ExchangeClient(socket);
            Assert.Equal(9, (await client.ReceiveAsync()).GetProperty("seed").GetInt64());
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }

    [Theory]
    [InlineData("--symbols", "BTCUSD,BTCUSD", "--symbols: 'BTCUSD' is named twice.")]
    [InlineData("--heartbeat", "1e300", "--heartbeat: 1E+300 is not in 0.001..86400.")]
    [InlineData("--frames", "FILE", "FILE, line 2: not JSON, nor direction TAB unix_seconds TAB JSON.")]
    public async Task What_stops_the_start_is_said_in_one_line(string option, string value, string said)
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllLinesAsync(path, ["[1,\"hb\"]", "[1,"], TestContext.Current.CancellationToken);
            string[] arguments =
                [typeof(BitfinexSimulator).Assembly.Location, "--port", "0", option, value.Replace("FILE", path, StringComparison.Ordinal)];
            using var process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardError = true })!;
            var error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);

            Assert.Equal((1, said.Replace("FILE", path, StringComparison.Ordinal)), (process.ExitCode, error.TrimEnd()));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task A_port_in_use_is_an_error_and_not_another_port()
    {
        await using var simulator = await BitfinexSimulator.StartAsync(cancellationToken: TestContext.Current.CancellationToken);

        await Assert.ThrowsAsync<IOException>(
            () => BitfinexSimulator.StartAsync(new SimulatorOptions { Port = simulator.Url.Port }, TestContext.Current.CancellationToken));
    }

    /// <summary>The options a command line leads to; null where it is refused.</summary>
    private static async Task<SimulatorOptions?> ParseAsync(params string[] arguments)
    {
        SimulatorOptions? options = null;
        using var output = new StringWriter();
        await SimulatorCommand.Create((parsed, _) =>
        {
            options = parsed;
            return Task.FromResult(0);
        }).Parse(arguments).InvokeAsync(new() { Error = output, Output = output }, TestContext.Current.CancellationToken);
        return options;
    }
}
