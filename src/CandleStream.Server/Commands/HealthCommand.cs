using System.CommandLine;
using CandleStream.Client;
using CandleStream.Server.Hosting;

namespace CandleStream.Server.Commands;

/// <summary><c>health</c>: asks a running server whether it is ready, for containers, which have no curl.</summary>
internal static class HealthCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static void AddTo(RootCommand root)
    {
        var url = new Argument<string>("url")
        {
            Description = "Where the server is. Default: http://127.0.0.1:8000.",
            DefaultValueFactory = _ => "http://127.0.0.1:8000"
        };
        var health = new Command(
            "health", "Prints what a running server's /health/ready answers; exits with 0 when it is ready, else with 1.") { url };
        health.SetAction((parsed, cancel) => AskAsync(parsed.GetValue(url)!, cancel));
        root.Add(health);
    }

    private static async Task<int> AskAsync(string url, CancellationToken cancel)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var server) || !server.Scheme.StartsWith("http", StringComparison.Ordinal))
            throw new StartRefusedException($"'{url}' is not an address such as http://127.0.0.1:8000.");
        using var client = new HttpClient { Timeout = Patience };
        try
        {
            using var answer = await client.GetAsync(new Uri(server, "/health/ready"), cancel);
            Console.WriteLine(await answer.Content.ReadAsStringAsync(cancel));
            return answer.IsSuccessStatusCode ? 0 : 1;
        }
        catch (Exception e) when (ConnectionTrouble.Is(e) || e is OperationCanceledException)
        {
            throw new StartRefusedException($"{server} does not answer: {e.Message}");
        }
    }
}
