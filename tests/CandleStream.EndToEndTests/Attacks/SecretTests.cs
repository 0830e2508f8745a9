using System.Text.Json.Nodes;
using CandleStream.EndToEndTests.Server;
using CandleStream.Server.Access;

namespace CandleStream.EndToEndTests.Attacks;

/// <summary>A server with secrets everywhere, told to log all it can, keeps them to itself.</summary>
public sealed class SecretTests
{
    private const int Limit = 300_000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact(Timeout = Limit)]
    public async Task No_secret_is_in_logs_answers_metrics_or_status()
    {
        const string password = "Passw0rd-of-the-store";
        using var folder = new TempFolder();
        var (key, wrong) = (ApiKey.Generate(), ApiKey.Generate());
        ApiKeyFile.Add(folder.File("keys.txt"), new ApiKey("operator", ApiScope.Admin, ApiKey.HashOf(key)));
        var environment = new Dictionary<string, string> { ["DATABASE_URL"] = $"postgresql://user:{password}@127.0.0.1:1/db" };
        await using var server = await ServerProcess.StartAsync(
            [
                "--port=0", "--Streaming:HistoryWait=00:00:00", "--Streaming:FirstDataWait=00:00:00", "--Security:KeyFile=keys.txt",
                "--Logging:LogLevel:Default=Trace", "--Logging:LogLevel:Microsoft=Trace", "--Bitfinex:WebSocketUrl=ws://127.0.0.1:1/ws/2",
                "--Bitfinex:RestUrl=http://127.0.0.1:1/v2"],
            environment,
            folder);
        var address = server.Client.BaseAddress!;
        var answers = new List<string>();
        async Task<string> AskAsync(string path, string headers, string method = "GET")
        {
            var answer = await RawHttp.AskAsync(address, $"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
            return answer.Text;
        }

        const string query = "symbol=BTCUSD&timeframe=1m";
        using var asked = new HttpRequestMessage(HttpMethod.Post, $"/candles/stream/ticket?{query}");
        asked.Headers.Add("X-API-Key", key);
        using var made = await server.Client.SendAsync(asked, Cancel);
        var ticket = (string)JsonNode.Parse(await made.Content.ReadAsStringAsync(Cancel))!["ticket"]!;
        var signedIn = await AskAsync("/session", $"X-API-Key: {key}\r\n", "POST");
        var cookie = signedIn.Split("candlestream-session=")[1].Split(';')[0];

        foreach (var header in (string[])[$"X-API-Key: {key}\r\n", $"Authorization: Bearer {key}\r\n", $"X-API-Key: {wrong}\r\n",
            $"Cookie: candlestream-session={cookie}\r\n", $"X-API-Key {key}\r\n"])
        {
            foreach (var path in (string[])["/metrics", "/candles/stream/status", "/health/ready", "/symbols", $"/candles?{query}",
                "/nothing", "/candles?symbol=x"]) answers.Add(await AskAsync(path, header));
        }

        answers.Add(await AskAsync($"/candles/stream?{query}&ticket={ticket}", ""));
        answers.Add(await AskAsync($"/candles/stream?{query}&delta=1&ticket={ticket}", ""));
        answers.Add(await AskAsync($"/candles/stream?{query}&ticket={ticket} x", ""));
        answers.Add(await AskAsync($"/candles?symbol={password}", $"X-API-Key: {key}\r\n", "POST"));
        using var wanted = new HttpRequestMessage(HttpMethod.Post, "/tickets?path=/udf");
        wanted.Headers.Add("X-API-Key", key);
        using var given = await server.Client.SendAsync(wanted, Cancel);
        var pathTicket = (string)JsonNode.Parse(await given.Content.ReadAsStringAsync(Cancel))!["ticket"]!;
        foreach (var path in (string[])["udf/config", "udf/nothing", "udf/history?symbol=x", "candles", ""])
            answers.Add(await AskAsync($"/k/{pathTicket}/{path}", ""));
        server.Terminate();
        await server.ExitAsync();

        Assert.Contains(server.Output, l => l.Contains("dbug", StringComparison.Ordinal) || l.Contains("trce", StringComparison.Ordinal));
        var told = string.Join('\n', [.. answers, .. server.Output, .. server.Errors]);
        foreach (var secret in (string[])[password, key, wrong, ticket, pathTicket, cookie])
            Assert.DoesNotContain(secret, told, StringComparison.Ordinal);
    }
}
