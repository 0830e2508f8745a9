using CandleStream.EndToEndTests.Access;
using CandleStream.EndToEndTests.History;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CandleStream.EndToEndTests.Conformance;

/// <summary>
/// A server that asks for keys and has something new many times a second, so that nobody waits for it, for longer than all tests may take
/// together.
/// </summary>
public sealed class BusyFixture : IAsyncLifetime
{
    private FastMarket _market = null!;

    internal LockedServer Locked { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _market = await FastMarket.StartAsync(seed: 8, seconds: 1_200, speed: 100);
        Locked = await LockedServer.StartAsync([("Streaming:Heartbeat", "00:00:01"), .. _market.Settings]);
    }

    public async ValueTask DisposeAsync()
    {
        await Locked.DisposeAsync();
        await _market.DisposeAsync();
    }
}

/// <summary>The script that tells strangers whether a server speaks the protocol says yes to ours, and to others what is wrong.</summary>
public sealed class ConformanceTests(BusyFixture fixture) : IClassFixture<BusyFixture>
{
    private const int Limit = 300_000;

    [Fact(Timeout = Limit)]
    public async Task Our_own_server_passes_every_check()
    {
        var run = await ConformanceScript.RunAsync(fixture.Locked.Client.BaseAddress!, "--key", LockedServer.ReadKey);
        Assert.True((run.ExitCode, run.Failed.Count, run.Skipped.Count) == (0, 0, 0), run.ToString());
        Assert.Contains($"{run.Passed.Count} passed, 0 failed, 0 skipped", run.Lines);
        Assert.True(run.Passed.Count > 50);
    }

    [Fact(Timeout = Limit)]
    public async Task A_server_that_is_nearly_right_fails_the_checks_of_what_is_wrong_and_no_other()
    {
        await using var wrong = await NearlyRightServer.StartAsync(fixture.Locked.Client.BaseAddress!);
        var run = await ConformanceScript.RunAsync(wrong.Address, "--key", LockedServer.ReadKey);
        Assert.True(NearlyRightServer.Broken.Order().SequenceEqual(run.Failed.Order()), run.ToString());
        Assert.Equal(1, run.ExitCode);
    }

    [Fact(Timeout = Limit)]
    public async Task A_server_that_speaks_something_else_passes_no_check()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        app.Run(context =>
        {
            context.Response.ContentType = "text/html";
            return context.Response.WriteAsync("<h1>Welcome!</h1>");
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        var run = await ConformanceScript.RunAsync(new Uri(app.Urls.First()), "--key", "cs_any");
        Assert.True((run.ExitCode, run.Passed.Count, run.Skipped.Count) == (1, 0, 0), run.ToString());
        Assert.True(run.Failed.Count > 50);
    }

    [Fact(Timeout = Limit)]
    public async Task Where_no_server_is_it_says_so_in_one_line()
    {
        var run = await ConformanceScript.RunAsync(new Uri("http://127.0.0.1:1"));
        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith("cannot be reached: ", run.Lines[^1], StringComparison.Ordinal);
    }
}
