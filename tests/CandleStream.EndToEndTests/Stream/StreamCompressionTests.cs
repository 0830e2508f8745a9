using System.Net;

namespace CandleStream.EndToEndTests.Stream;

/// <summary>When the stream is sent as gzip, and what its headers say. The suites of the stream run over it as well.</summary>
public sealed class StreamCompressionTests
{
    private const int Limit = 120_000;

    [Theory(Timeout = Limit)]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData("identity", false)]
    [InlineData("br, zstd", false)]
    [InlineData("gzip", true)]
    [InlineData("GZIP", true)]
    [InlineData("x-gzip", true)]
    [InlineData("gzip, deflate, br, zstd", true)]
    [InlineData("gzip;q=0.5", true)]
    [InlineData("gzip;q=0.5, identity;q=0.5", true)]
    [InlineData("gzip;q=0.5, identity", false)]
    [InlineData("gzip, identity;q=0.5", true)]
    [InlineData("gzip;q=0", false)]
    [InlineData("gzip;q=0, *", false)]
    [InlineData("*", true)]
    [InlineData("*;q=0", false)]
    [InlineData("not a coding at all;;", false)]
    public async Task The_client_decides_and_the_answer_says_that_it_depends_on_it(string? accept, bool isGzip)
    {
        await using var host = await StreamHost.StartAsync();
        foreach (var method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Head])
        {
            using var response = await SseClient.SendAsync(host, "?series=BTCUSD:1m", request =>
            {
                request.Method = method;
                if (accept is not null) request.Headers.TryAddWithoutValidation("Accept-Encoding", accept);
            }, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal(["Accept-Encoding"], response.Headers.Vary);
            Assert.Equal(isGzip ? ["gzip"] : [], response.Content.Headers.ContentEncoding);
        }
    }

    [Fact(Timeout = Limit)]
    public async Task Switched_off_it_is_never_compressed_and_depends_on_nothing()
    {
        await using var host = await StreamHost.StartAsync(new StreamHostOptions { Settings = { ["Compression"] = "false" } });
        await using var client = await SseClient.OpenAsync(
            host, "?series=BTCUSD:1m", change: request => request.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip"));
        await client.JoinAsync();
        Assert.Empty(client.Response.Headers.Vary);
        Assert.Empty(client.Response.Content.Headers.ContentEncoding);
    }

    [Theory(Timeout = Limit)]
    [InlineData(StreamPath.Gzip)]
    [InlineData(StreamPath.GzipBatched)]
    [InlineData(StreamPath.GzipTls)]
    public async Task A_stopping_server_ends_the_gzip_of_every_client_with_the_right_checksum(StreamPath path)
    {
        await using var host = await StreamHost.StartAsync(path);
        host.Exchange.SetSnapshot(Some.Btc, [.. Enumerable.Range(0, 500).Select(n => Some.Candle(n))]);
        var clients = new List<RawClient>();
        for (var n = 0; n < 20; n++)
        {
            clients.Add(await RawClient.OpenAsync(host, $"?series=BTCUSD:1m&snapshot={n * 20}"));
            await clients[^1].NextAsync("synced");
            host.Exchange.Push(Some.Btc, Some.Candle(500, n));
        }

        foreach (var client in clients)
            while ((await client.NextAsync("message")).Candle.Close != Some.Candle(500, 19).Close)
            {
            }

        var stop = host.StopAsync();
        foreach (var client in clients)
        {
            Assert.Equal("bye", (await client.ToEndAsync())[^1].Type);
            Assert.True(client.EndedWell);
            client.Dispose();
        }

        await stop;
        host.Errors.AssertNone();
    }
}
