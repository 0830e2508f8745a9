using System.Net.Http.Json;

namespace CandleStream.EndToEndTests.Soak;

/// <summary>Makes the simulated exchange fail in turns, by its control routes.</summary>
internal sealed class ExchangeTrouble(Uri exchange) : IDisposable
{
    // Each passes by itself within some seconds.
    private static readonly object[][] Troubles =
    [
        [new { fault = "cut" }],
        [new { fault = "sequence-gap", count = 1 }],
        [new { fault = "silence", key = "trade:1m:tBTCUSD", for_ms = 7000 }],
        [new { fault = "restart" }, new { fault = "cut" }],
        [new { fault = "drop", count = 1 }],
        [new { fault = "malformed", count = 1 }, new { fault = "duplicate", count = 5 }],
        [new { fault = "unreachable", for_ms = 3000 }, new { fault = "cut" }],
        [new { fault = "rest-500", count = 2 }, new { fault = "cut" }],
        [new { fault = "half-open" }],
        [new { fault = "maintenance", delay_ms = 2000 }],
        [new { fault = "truncated", count = 1 }],
    ];

    private readonly HttpClient _http = new() { BaseAddress = exchange };
    private int _next;

    /// <summary>Makes the next trouble, and says what it is.</summary>
    public async Task<string> NextAsync(CancellationToken cancel)
    {
        var trouble = Troubles[_next++ % Troubles.Length];
        foreach (var fault in trouble) (await _http.PostAsJsonAsync("/control/faults", fault, cancel)).EnsureSuccessStatusCode();
        return string.Join(", ", trouble);
    }

    public async Task EndAsync(CancellationToken cancel) =>
        (await _http.DeleteAsync(new Uri("/control/faults", UriKind.Relative), cancel)).EnsureSuccessStatusCode();

    public void Dispose() => _http.Dispose();
}
