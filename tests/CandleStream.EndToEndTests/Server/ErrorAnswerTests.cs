using CandleStream.Server.Http;
using CandleStream.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CandleStream.EndToEndTests.Server;

/// <summary>Failures behind a route.</summary>
public sealed class ErrorAnswerTests
{
    private const int Limit = 180_000;

    [Theory(Timeout = Limit)]
    [InlineData("/bug", 500)]
    [InlineData("/too-large", 413)]
    [InlineData("/store-away", 503)]
    [InlineData("/empty-418", 418)]
    public async Task Every_failure_is_told_as_a_problem_without_its_insides(string path, int status)
    {
        await using var app = await StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        var problem = await client.ProblemAsync(path);
        Assert.Equal(status, (int)problem["status"]!);
        Assert.DoesNotContain("inside", problem.ToJsonString(), StringComparison.Ordinal);
    }

    private static async Task<WebApplication> StartAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.UseErrorAnswers();
        app.MapGet("/bug", (HttpContext _) => throw new InvalidOperationException("the inside of a bug"));
        app.MapGet("/too-large",
            (HttpContext _) => throw new BadHttpRequestException("Request body too large.", StatusCodes.Status413PayloadTooLarge));
        app.MapGet("/store-away", (HttpContext _) => throw new StoreUnavailableException("The store cannot be reached."));
        app.MapGet("/empty-418", () => Results.StatusCode(418));
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }
}
