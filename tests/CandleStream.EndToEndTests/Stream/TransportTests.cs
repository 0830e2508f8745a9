using System.Globalization;
using System.Net;
using System.Net.Sockets;
using CandleStream.Server.Streams.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CandleStream.EndToEndTests.Stream;

/// <summary>
/// Requests that are no streams, over the transport whose sockets can be taken: it must be as good as the web server's own.
/// </summary>
public sealed class TransportTests
{
    private const int Limit = 120_000;
    private const int BigBytes = 20_000_000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact(Timeout = Limit)]
    public async Task An_answer_larger_than_all_buffers_waits_for_its_reader_and_comes_whole()
    {
        await using var host = await TransportHost.StartAsync();
        using var answer = await host.Client.GetAsync("/big", HttpCompletionOption.ResponseHeadersRead, Cancel);
        await using var body = await answer.Content.ReadAsStreamAsync(Cancel);
        var buffer = new byte[64 * 1024];
        long sum = 0, count = 0;
        for (int read; (read = await body.ReadAsync(buffer, Cancel)) > 0; count += read) sum += Sum(buffer.AsSpan(0, read));
        Assert.Equal((BigBytes, Sum(TransportHost.Big)), (count, sum));
    }

    [Fact(Timeout = Limit)]
    public async Task A_client_that_leaves_in_the_middle_aborts_the_request()
    {
        await using var host = await TransportHost.StartAsync();
        using (var client = await RawClient.ConnectAsync(host.Address))
        {
            await client.SendAsync("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
            await host.Waiting.WaitAsync(Cancel);
        }

        await host.Aborted.WaitAsync(Cancel);
    }

    [Fact(Timeout = Limit)]
    public async Task An_answer_in_the_middle_of_a_long_request_is_read_though_the_rest_was_still_sent()
    {
        await using var host = await TransportHost.StartAsync();
        for (var round = 0; round < 20; round++)
        {
            using var client = await RawClient.ConnectAsync(host.Address);
            var sending = client.SendAsync($"GET / HTTP/1.1\r\nHost: x\r\nLong: {new string('a', 1_000_000)}\r\n\r\n");
            Assert.Contains(" 431 ", await client.AskAsync("/"), StringComparison.Ordinal);
            await sending;
        }
    }

    [Fact(Timeout = Limit)]
    public async Task Requests_that_are_sent_at_once_are_answered_in_order_on_one_connection()
    {
        await using var host = await TransportHost.StartAsync();
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, host.Address.Port, Cancel);
        await socket.SendAsync(System.Text.Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 50).Select(n =>
            $"GET /echo?n={n} HTTP/1.1\r\nHost: x\r\n{(n == 49 ? "Connection: close\r\n" : "")}\r\n"))), Cancel);
        using var reader = new StreamReader(new NetworkStream(socket));
        var all = await reader.ReadToEndAsync(Cancel);
        var order = all.Split("echo ").Skip(1).Select(part => int.Parse(part.AsSpan(0, part.IndexOf(';')), CultureInfo.InvariantCulture));
        Assert.Equal(Enumerable.Range(0, 50), order);
    }

    [Theory(Timeout = Limit)]
    [InlineData("127.0.0.1", "127.0.0.1", "127.0.0.1")]
    [InlineData("0.0.0.0", "127.0.0.1", "127.0.0.1")]
    [InlineData("::1", "::1", "::1")]
    [InlineData("::", "::1", "::1")]
    [InlineData("::", "127.0.0.1", "::ffff:127.0.0.1")]
    public async Task Both_ends_of_a_connection_are_told_as_they_are(string listen, string connect, string expected)
    {
        if (listen.Contains(':', StringComparison.Ordinal)) Assert.SkipUnless(HasIPv6(), "This machine has no IPv6.");
        await using var host = await TransportHost.StartAsync(kestrel => kestrel.Listen(IPAddress.Parse(listen), 0));
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Parse(connect), host.Address.Port, Cancel);
        await socket.SendAsync("GET /ends HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"u8.ToArray(), Cancel);
        using var reader = new StreamReader(new NetworkStream(socket));
        var answer = await reader.ReadToEndAsync(Cancel);
        var port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        Assert.Contains($"{expected}|{port}|{expected}|{host.Address.Port};", answer, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task A_Unix_socket_stays_with_the_web_servers_own_transport()
    {
        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.sock");
        await using var host = await TransportHost.StartAsync(kestrel => kestrel.ListenUnixSocket(path));
        using var client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancel) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        Assert.Equal("no takeover", await client.GetStringAsync("http://unix/kind", Cancel));
    }

    [Fact(Timeout = Limit)]
    public async Task A_port_that_is_in_use_is_told_as_by_the_web_server()
    {
        await using var first = await TransportHost.StartAsync();
        var refused = await Assert.ThrowsAsync<IOException>(
            () => TransportHost.StartAsync(kestrel => kestrel.Listen(IPAddress.Loopback, first.Address.Port)));
        Assert.IsType<AddressInUseException>(refused.InnerException);
    }

    private static bool HasIPv6()
    {
        using var probe = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            probe.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static long Sum(ReadOnlySpan<byte> bytes)
    {
        var sum = 0L;
        foreach (var b in bytes) sum += b;
        return sum;
    }

    /// <summary>A web server over the transport, with routes of this test only.</summary>
    private sealed class TransportHost : IAsyncDisposable
    {
        private readonly WebApplication _app;
        private readonly TaskCompletionSource _waiting;
        private readonly TaskCompletionSource _aborted;

        private TransportHost(WebApplication app, TaskCompletionSource waiting, TaskCompletionSource aborted)
        {
            (_app, _waiting, _aborted) = (app, waiting, aborted);
            Client = Address.Scheme == "http" ? new HttpClient { BaseAddress = Address } : new HttpClient();
        }

        public static byte[] Big { get; } = [.. Enumerable.Range(0, BigBytes).Select(i => (byte)(i % 251))];

        public Uri Address => new(_app.Urls.First().Replace("[::]", "[::1]", StringComparison.Ordinal));

        public HttpClient Client { get; }

        public Task Waiting => _waiting.Task;

        public Task Aborted => _aborted.Task;

        public static async Task<TransportHost> StartAsync(Action<KestrelServerOptions>? listen = null)
        {
            var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = "Test" });
            builder.Logging.ClearProviders();
            builder.WebHost.UseSockets();
            builder.WebHost.ConfigureKestrel(listen ?? (kestrel => kestrel.Listen(IPAddress.Loopback, 0)));
            builder.Services.AddSingleton<IConnectionListenerFactory, TakeableTransport>();
            var app = builder.Build();
            var (waiting, aborted) = (NewSignal(), NewSignal());
            app.MapGet("/big", async context => await context.Response.Body.WriteAsync(Big, context.RequestAborted));
            app.MapGet("/echo", (int n) => $"echo {n};");
            app.MapGet("/kind", (HttpContext context) => context.Features.Get<ISocketTakeover>() is null ? "no takeover" : "takeover");
            app.MapGet("/ends", (HttpContext context) => context.Connection is var c
                ? $"{c.RemoteIpAddress}|{c.RemotePort}|{c.LocalIpAddress}|{c.LocalPort};" : "");
            app.MapGet("/wait", async context =>
            {
                waiting.TrySetResult();
                await using var ended = context.RequestAborted.Register(() => aborted.TrySetResult());
                await aborted.Task;
            });
            try
            {
                await app.StartAsync(Cancel);
            }
            catch
            {
                await app.DisposeAsync();
                throw;
            }

            return new TransportHost(app, waiting, aborted);
        }

        public async ValueTask DisposeAsync()
        {
            Client.Dispose();
            await _app.DisposeAsync();
        }

        private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
