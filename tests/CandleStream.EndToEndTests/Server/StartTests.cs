using System.Net;
using System.Net.Sockets;

namespace CandleStream.EndToEndTests.Server;

/// <summary>The real program: each way to give a setting works.</summary>
public sealed class StartTests
{
    private const int Limit = 300_000;

    [Fact(Timeout = Limit)]
    public async Task The_demo_streams_labelled_candles_and_keeps_them_in_a_file_of_its_own()
    {
        await using var server = await ServerProcess.StartAsync(["--demo", "--Urls=http://127.0.0.1:0"]);
        await foreach (var item in server.Client.EventsAsync("/candles/stream?symbol=BTCUSD&timeframe=1m"))
        {
            if (item.EventType == "hello") Assert.Contains("\"simulated\":true", item.Data, StringComparison.Ordinal);
            if (item.EventType == "message") break;
        }

        Assert.True((bool)(await server.Client.JsonAsync("/candles/stream/status"))["simulated"]!);
        Assert.True(File.Exists(server.Folder.File("data/demo.db")));
        Assert.False(File.Exists(server.Folder.File("data/candles.db")));
    }

    [Fact(Timeout = Limit)]
    public async Task Host_and_port_choose_the_address()
    {
        await using var server = await ServerProcess.StartAsync(["--demo", "--host", "127.0.0.2", "--port", "0"]);
        Assert.Equal("127.0.0.2", server.Client.BaseAddress!.Host);
        await server.Client.JsonAsync("/health/live");
    }

    [Fact(Timeout = Limit)]
    public async Task The_environment_gives_settings()
    {
        var environment = new Dictionary<string, string>
        {
            ["Demo__Enabled"] = "true",
            ["ASPNETCORE_URLS"] = "http://127.0.0.3:0",
            ["Record"] = "BTCUSD:1m, ETHUSD:5m"
        };
        await using var server = await ServerProcess.StartAsync([], environment);
        Assert.Equal("127.0.0.3", server.Client.BaseAddress!.Host);
        var status = await server.Client.JsonAsync("/candles/stream/status");
        Assert.Equal(["BTCUSD:1m", "ETHUSD:5m"], status["streams"]!.AsArray().Select(s => (string)s!["key"]!));
        Assert.Equal(0, (int)status["total_subscribers"]!);
    }

    [Fact(Timeout = Limit)]
    public async Task Appsettings_of_the_working_folder_gives_settings_and_the_command_line_beats_it()
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(
            folder.File("appsettings.json"),
            """{"Urls":"http://127.0.0.4:0","Record":["BTCUSD:1m"],"Storage":{"SqlitePath":"mine.db"},"Demo":{"Enabled":true,"Seed":3}}""",
            TestContext.Current.CancellationToken);
        await using var server = await ServerProcess.StartAsync(["--Record=ETHUSD:1h", "--Storage:SqlitePath", "yours.db"], folder: folder);
        Assert.Equal("127.0.0.4", server.Client.BaseAddress!.Host);
        Assert.True(File.Exists(folder.File("yours.db")));
        Assert.False(File.Exists(folder.File("mine.db")));
        var keys = (await server.Client.JsonAsync("/candles/stream/status"))["streams"]!.AsArray().Select(s => (string)s!["key"]!);
        Assert.Contains("ETHUSD:1h", keys);
    }

    [Fact(Timeout = Limit)]
    public async Task Logs_can_be_json()
    {
        await using var server = await ServerProcess.StartAsync(["--demo", "--port", "0", "--Logging:Console:FormatterName=json"]);
        Assert.All(server.Output, line => Assert.StartsWith("{", line, StringComparison.Ordinal));
    }

    [Fact(Timeout = Limit)]
    public async Task A_demo_that_is_told_to_stop_says_nothing_of_a_lost_connection()
    {
        await using var server = await ServerProcess.StartAsync(["--demo", "--port", "0", "--Record=BTCUSD:1m"]);
        await server.Client.UntilAsync(
            "/candles/stream/status", a => a["streams"]!.AsArray() is [var series] && (string?)series!["state"] == "live");

        server.Terminate();
        Assert.Equal(0, await server.ExitAsync());

        Assert.DoesNotContain(server.Output, line => line.Contains("Socket to Bitfinex ended", StringComparison.Ordinal));
    }

    [Fact(Timeout = Limit)]
    public async Task Candles_are_in_the_store_after_a_restart()
    {
        using var folder = new TempFolder();
        string first;
        await using (var server = await ServerProcess.StartAsync(["--demo", "--port", "0"], folder: folder))
        {
            first = (await server.Client.UntilAsync("/candles?symbol=BTCUSD&timeframe=1m&limit=10&sort=desc",
                a => a["candles"]!.AsArray().Count == 10))["candles"]![5]!.ToJsonString();
            server.Terminate();
            await server.ExitAsync();
        }

        await using var again = await ServerProcess.StartAsync(["--demo", "--port", "0"], folder: folder);
        var candles = (await again.Client.JsonAsync("/candles?symbol=BTCUSD&timeframe=1m&limit=30"))["candles"]!.AsArray();
        Assert.Contains(first, candles.Select(c => c!.ToJsonString()));
    }

    [Theory(Timeout = Limit)]
    [InlineData("--bogus", "--bogus")]
    [InlineData("extra", "extra")]
    [InlineData("--Streaming:Lingr=1", "Streaming:Lingr")]
    [InlineData("--Nothing:Here=1", "--Nothing:Here")]
    [InlineData("--Streaming:MaxOpenSeries=0", "Streaming:MaxOpenSeries=0")]
    [InlineData("--Streaming:MaxOpenSeries=many", "Streaming:MaxOpenSeries")]
    [InlineData("--Streaming:Linger=30", "Streaming:Linger=30")]
    [InlineData("--Streaming:Linger", "--Streaming:Linger")]
    [InlineData("--Bitfinex:WebSocketUrl=exchange", "Bitfinex:WebSocketUrl=exchange")]
    [InlineData("--Record=BTCUSD:1x", "BTCUSD:1x")]
    [InlineData("--Record=BINANCE:BTCUSDT:1m", "BINANCE is switched off")]
    [InlineData("--Exchanges=Bitfinex,Mtgox", "'Mtgox' is not an exchange")]
    [InlineData("--Binance:RestUrl=exchange", "Binance:RestUrl=exchange")]
    [InlineData("--Binance:SocketLifetime=00:00:09", "Binance:SocketLifetime=00:00:09")]
    [InlineData("--Kraken:WebSocketUrl=exchange", "Kraken:WebSocketUrl=exchange")]
    [InlineData("--Kraken:NewSocketsPerMinute=16", "Kraken:NewSocketsPerMinute=16")]
    [InlineData("--Demo:Seed=-1", "Demo:Seed=-1")]
    [InlineData("--Security:AllowedOrigins:0=example.org", "example.org")]
    [InlineData("--Storage:Retention:1x=1.00:00:00", "1x")]
    [InlineData("--port=99999", "99999")]
    [InlineData("--port=many", "many")]
    [InlineData("--Urls=nowhere", "nowhere")]
    [InlineData("--Urls=http://127.0.0.1:99999", "Urls")]
    [InlineData("--Storage:SqlitePath=/proc/none/candles.db", "/proc/none/candles.db")]
    public async Task A_setting_that_is_wrong_stops_the_start_with_one_line(string argument, string named)
    {
        await using var server = ServerProcess.Launch(["--demo", argument]);
        await AssertRefusedAsync(server, named);
    }

    [Fact(Timeout = Limit)]
    public async Task A_port_in_use_stops_the_start_with_one_line()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        await using var server = ServerProcess.Launch(["--demo", "--port", $"{port}"]);
        await AssertRefusedAsync(server, $"{port}");
    }

    [Theory(Timeout = Limit)]
    [InlineData("mysql://user:secret@127.0.0.1/db")]
    [InlineData("postgresql://user:secret@127.0.0.1:port/db")]
    [InlineData("postgresql://user:secret@127.0.0.1")]
    public async Task A_malformed_database_url_stops_the_start_and_is_not_repeated(string url)
    {
        await using var server = ServerProcess.Launch(["--port", "0"], new Dictionary<string, string> { ["DATABASE_URL"] = url });
        await AssertRefusedAsync(server, "DATABASE_URL");
        Assert.DoesNotContain("secret", string.Concat(server.Errors) + string.Concat(server.Output), StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task The_demo_refuses_a_database()
    {
        await using var server = ServerProcess.Launch(
            ["--demo", "--port", "0"], new Dictionary<string, string> { ["DATABASE_URL"] = "postgresql://user:secret@127.0.0.1/db" });
        await AssertRefusedAsync(server, "DATABASE_URL");
    }

    [Fact(Timeout = Limit)]
    public async Task A_store_of_another_source_stops_the_start()
    {
        using var folder = new TempFolder();
        await using (var first = await ServerProcess.StartAsync(["--demo", "--port", "0"], folder: folder))
        {
            first.Terminate();
            await first.ExitAsync();
        }

        await using var second = ServerProcess.Launch(["--demo", "--port", "0", "--Demo:Seed=2"], folder: folder);
        await AssertRefusedAsync(second, "simulator seed 1");
    }

    [Fact(Timeout = Limit)]
    public async Task A_second_server_on_the_same_store_is_refused()
    {
        using var folder = new TempFolder();
        await using var first = await ServerProcess.StartAsync(["--demo", "--port", "0"], folder: folder);
        await using var second = ServerProcess.Launch(["--demo", "--port", "0"], folder: folder);
        await AssertRefusedAsync(second, "demo.db");
    }

    private static async Task AssertRefusedAsync(ServerProcess server, string named)
    {
        Assert.NotEqual(0, await server.ExitAsync());
        var line = Assert.Single(server.Errors);
        Assert.StartsWith("candlestream: ", line, StringComparison.Ordinal);
        Assert.Contains(named, line, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Output, l => l.Contains("   at ", StringComparison.Ordinal));
    }
}
