using System.Text.Json.Nodes;
using CandleStream.EndToEndTests.Access;

namespace CandleStream.EndToEndTests.Server;

/// <summary>
/// What <c>/openapi/v1.json</c> says of <c>GET /candles</c>, and of who may ask what, held against what the server answers and against its
/// own examples.
/// </summary>
public sealed class ApiDescriptionTests : IAsyncLifetime
{
    private RunningServer _server = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await RunningServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact(Timeout = 300_000)]
    public async Task Answers_and_examples_have_the_described_shape()
    {
        var responses = (await _server.Client.JsonAsync("/openapi/v1.json"))["paths"]!["/candles"]!["get"]!["responses"]!;
        foreach (var (_, response) in responses.AsObject())
        {
            foreach (var (type, content) in response!["content"]?.AsObject() ?? [])
            {
                if (type != "text/csv") Check(content!["example"], content["schema"]!, "example");
            }
        }

        foreach (var (query, status) in ((string, int)[])[
            ("symbol=BTCUSD&timeframe=1m&limit=5", 200), ("symbol=BTCUSD&timeframe=1h&limit=5&sort=desc", 200),
            ("symbol=BTCUSD&timeframe=1m&since=1", 200),
            ("symbol=BTCUSD&timeframe=1m&limit=0", 400), ("timeframe=1m", 400), ("symbol=BTCUDS&timeframe=1m", 404)])
        {
            using var answer = await _server.Client.GetAsync($"/candles?{query}", Cancel);
            Assert.Equal(status, (int)answer.StatusCode);
            var described = responses[$"{status}"]!["content"]![answer.Content.Headers.ContentType!.MediaType!];
            Check(JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancel)), described!["schema"]!, query);
        }
    }

    [Fact(Timeout = 300_000)]
    public async Task Where_keys_are_asked_for_each_route_refuses_as_described()
    {
        await using var locked = await LockedServer.StartAsync();
        using var description = await locked.AskAsync("/openapi/v1.json", LockedServer.ReadKey);
        var asked = new HashSet<string>();
        foreach (var (path, methods) in JsonNode.Parse(await description.Content.ReadAsStringAsync(Cancel))!["paths"]!.AsObject())
        {
            foreach (var (name, operation) in methods!.AsObject())
            {
                var (method, responses) = (new HttpMethod(name.ToUpperInvariant()), operation!["responses"]!);
                await CheckRefusalAsync(null, 401);
                await CheckRefusalAsync(LockedServer.ReadKey, 403);
                asked.Add($"{method} {path}");

                async Task CheckRefusalAsync(string? key, int status)
                {
                    using var answer = await locked.AskAsync(path, key, method);
                    // Problem+json, or the form of another program's protocol.
                    var described = responses[$"{status}"]?["content"]?.AsObject().First().Value;
                    Assert.Equal(($"{method} {path}", described is not null), ($"{method} {path}", (int)answer.StatusCode == status));
                    if (described is null) return;
                    Check(described["example"], described["schema"]!, "example");
                    if (method != HttpMethod.Head)
                        Check(JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancel)), described["schema"]!, path);
                }
            }
        }

        Assert.Subset(asked, new HashSet<string> { "GET /candles", "HEAD /candles", "GET /candles/stream", "POST /candles/stream/ticket",
            "DELETE /session", "GET /metrics", "GET /health/ready" });
    }

    private static void Check(JsonNode? value, JsonNode schema, string path)
    {
        var types = schema["type"] is JsonArray several ? several.Select(t => (string)t!) : [(string)schema["type"]!];
        Assert.True(types.Any(t => Fits(value, t)), $"{path}: {value?.ToJsonString() ?? "null"} is no {string.Join(" or ", types)}");
        if (value is JsonObject members)
        {
            foreach (var name in schema["required"]?.AsArray() ?? [])
                Assert.True(members.ContainsKey((string)name!), $"{path}: {name} is missing");
            foreach (var (name, member) in members)
            {
                var described = schema["properties"]?[name];
                Assert.True(described is not null, $"{path}: {name} is not described");
                Check(member, described, $"{path}.{name}");
            }
        }
        else if (value is JsonArray items)
        {
            foreach (var item in items) Check(item, schema["items"]!, $"{path}[]");
        }
    }

    private static bool Fits(JsonNode? value, string type) => type switch
    {
        "null" => value is null,
        "object" => value is JsonObject,
        "array" => value is JsonArray,
        "string" => value?.GetValueKind() == System.Text.Json.JsonValueKind.String,
        "boolean" => value?.GetValueKind() is System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False,
        "number" => value?.GetValueKind() == System.Text.Json.JsonValueKind.Number,
        "integer" => value?.GetValueKind() == System.Text.Json.JsonValueKind.Number && long.TryParse(value.ToJsonString(), out _),
        _ => false,
    };
}
