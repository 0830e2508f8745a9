using System.Text.Json.Nodes;
using CandleStream.EndToEndTests.Server;

namespace CandleStream.EndToEndTests.Operations;

/// <summary>The log that programs read, and how an error answer leads to its line.</summary>
public sealed class LogTests
{
    private const int Limit = 180_000;
    private const string TraceId = "4bf92f3577b34da6a3ce929d0e0e4736";

    private static readonly string[] Json = ["--demo", "--port", "0", "--Logging:Console:FormatterName=json"];

    [Fact(Timeout = Limit)]
    public async Task With_the_json_format_every_line_is_one_object()
    {
        await using var server = await ServerProcess.StartAsync(Json);
        await foreach (var item in server.Client.EventsAsync("/candles/stream?symbol=BTCUSD&timeframe=1m"))
        {
            if (item.EventType == "synced") break;
        }

        await server.UntilLogged("BTCUSD:1m is Live");
        server.Terminate();
        Assert.Equal(0, await server.ExitAsync());
        var events = server.Output.Select(line => JsonNode.Parse(line)!).ToList();
        Assert.All(events, e => Assert.NotNull(e["Timestamp"]));
        var opened = Assert.Single(events, e => (string?)e["Message"] == "BTCUSD:1m opened");
        Assert.Equal("BTCUSD:1m", (string?)opened["State"]!["Series"]);
        Assert.Single(events, e => (string?)e["Message"] == "BTCUSD:1m closed");
        Assert.Empty(server.Errors);
    }

    [Fact(Timeout = Limit)]
    public async Task An_error_answer_and_the_lines_of_its_request_have_one_trace_id()
    {
        await using var server = await ServerProcess.StartAsync([.. Json, "--Logging:LogLevel:Microsoft.AspNetCore.Routing=Information"]);
        server.Client.DefaultRequestHeaders.Add("traceparent", $"00-{TraceId}-00f067aa0ba902b7-01");
        var problem = await server.Client.ProblemAsync("/candles?symbol=BTCUSD&timeframe=7m");
        Assert.Equal(TraceId, (string?)problem["trace_id"]);
        await server.UntilLogged("Executed endpoint");
        var line = server.Output.Select(l => JsonNode.Parse(l)!)
            .First(e => ((string?)e["Message"])?.StartsWith("Executed endpoint", StringComparison.Ordinal) == true);
        Assert.Contains(line["Scopes"]!.AsArray(), scope => (string?)scope!["TraceId"] == TraceId);
    }

    [Fact(Timeout = Limit)]
    public async Task Every_error_answer_has_a_trace_id_of_its_own()
    {
        await using var server = await RunningServer.StartAsync(("Logging:LogLevel:Default", "Warning"));
        var first = await server.Client.ProblemAsync("/candles?symbol=BTCUSD&timeframe=7m");
        var second = await server.Client.ProblemAsync("/candles/nothing");
        Assert.Matches("^[0-9a-f]{32}$", (string?)first["trace_id"]);
        Assert.Matches("^[0-9a-f]{32}$", (string?)second["trace_id"]);
        Assert.NotEqual((string?)first["trace_id"], (string?)second["trace_id"]);
    }
}
