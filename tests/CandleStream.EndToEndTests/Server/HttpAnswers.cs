using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using CandleStream.EndToEndTests.Stream;

namespace CandleStream.EndToEndTests.Server;

/// <summary>Short words for asking a server.</summary>
internal static class HttpAnswers
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<JsonNode> JsonAsync(this HttpClient client, string path)
    {
        using var answer = await client.GetAsync(path, Cancel);
        answer.EnsureSuccessStatusCode();
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancel))!;
    }

    /// <summary>An answer and its problem+json body, checked to be one.</summary>
    public static async Task<JsonNode> ProblemAsync(this HttpClient client, string path, HttpMethod? method = null)
    {
        using var answer = await client.SendAsync(new HttpRequestMessage(method ?? HttpMethod.Get, path), Cancel);
        var body = await answer.Content.ReadAsStringAsync(Cancel);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = JsonNode.Parse(body)!;
        Assert.Equal((int)answer.StatusCode, (int)problem["status"]!);
        return problem;
    }

    /// <summary>The events of a stream, until the caller has seen enough.</summary>
    public static async IAsyncEnumerable<SseItem<string>> EventsAsync(this HttpClient client, string path)
    {
        using var answer = await client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, Cancel);
        answer.EnsureSuccessStatusCode();
        await using var body = await answer.Content.ReadAsStreamAsync(Cancel);
        await foreach (var item in SseParser.Create(body).EnumerateAsync(Cancel)) yield return item;
    }

    /// <summary>The events of a stream as the stream's tests see them, each with the id to come back with, until the stream ends.</summary>
    public static async IAsyncEnumerable<(SseEvent Event, string? LastEventId)> FollowAsync(
        this HttpClient client, string path, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var answer = await client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, cancel);
        answer.EnsureSuccessStatusCode();
        await using var body = await answer.Content.ReadAsStreamAsync(cancel);
        var parser = SseParser.Create(body);
        await foreach (var item in parser.EnumerateAsync(cancel))
            yield return (new SseEvent(item.EventType, item.EventId, JsonElement.Parse(item.Data)),
                parser.LastEventId is { Length: > 0 } id ? id : null);
    }

    /// <summary>Asks until the answer is as wished; the test's time limit ends it otherwise.</summary>
    public static async Task<JsonNode> UntilAsync(this HttpClient client, string path, Func<JsonNode, bool> wished)
    {
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            var answer = await client.JsonAsync(path);
            if (wished(answer)) return answer;
            await pause.WaitForNextTickAsync(Cancel);
        }
    }
}
