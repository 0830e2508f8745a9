using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;

namespace CandleStream.Simulator;

/// <summary>The routes of the exchange on loopback: WebSocket, REST and control. What they answer is made elsewhere.</summary>
internal sealed class SimulatorServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private SimulatorServer(WebApplication app, int port)
    {
        _app = app;
        Port = port;
    }

    public int Port { get; }

    public static async Task<SimulatorServer> StartAsync(ISimulatedExchange exchange, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, exchange.Options.Port);
        });
        builder.Services.AddRoutingCore();
        ControlRoutes.AddJson(builder.Services);
        var app = builder.Build();
        app.UseRouting();
        foreach (var route in exchange.SocketRoutes)
            app.Map(route, context => ServeWebSocketAsync(context, exchange));
        ControlRoutes.Map(app, exchange);
        app.MapFallback("{**path}", context => ServeRestAsync(context, exchange));
        await app.StartAsync(cancellationToken);
        var address = app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
        return new SimulatorServer(app, new Uri(address).Port);
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    /// <summary>
    /// The upgrade of RFC 6455, done here and not by the WebSocket middleware: the session needs the bytes below its socket for the
    /// faults. An offer of compression is not answered, as on the exchange.
    /// </summary>
    private static async Task ServeWebSocketAsync(HttpContext context, ISimulatedExchange exchange)
    {
        var key = context.Request.Headers.SecWebSocketKey.ToString();
        if (context.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true } upgrade || key.Length == 0)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }
        switch (exchange.RefuseUpgrade())
        {
            case UpgradeRefusal.TooMany:
                context.Response.StatusCode = StatusCodes.Status429TooManyRequests;
                return;
            case UpgradeRefusal.Unreachable or UpgradeRefusal.Dns:
                context.Abort();
                return;
        }
        context.Response.Headers.Upgrade = "websocket";
        context.Response.Headers.SecWebSocketAccept = AcceptKey(key);
        await using var stream = new SessionStream(await upgrade.UpgradeAsync(), context.Abort);
        using var socket = WebSocket.CreateFromStream(stream, exchange.SocketOptions);
        await exchange.ServeAsync(socket, stream, context.Request.Path + context.Request.QueryString.Value, context.RequestAborted);
    }

    // SHA-1 is what RFC 6455 prescribes; nothing secret depends on it.
#pragma warning disable CA5350
    private static string AcceptKey(string key) =>
        Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350

    private static async Task ServeRestAsync(HttpContext context, ISimulatedExchange exchange)
    {
        var request = context.Request;
        var answer = await exchange.Rest.AnswerAsync(request.Path.Value ?? "/", request.QueryString.Value, context.RequestAborted);
        if (answer.Status == 0)
        {
            context.Abort();
            return;
        }
        var response = context.Response;
        response.StatusCode = answer.Status;
        response.ContentType = answer.ContentType;
        response.ContentLength = answer.Body.Length;
        response.Headers.Date = answer.Date.ToString("R");
        if (answer.IsSpoiledGzip)
            response.Headers.ContentEncoding = "gzip";
        foreach (var (name, value) in answer.Headers)
            response.Headers[name] = value;
        if (answer.Age is { } age)
            response.Headers.Age = age.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (HttpMethods.IsGet(request.Method))
            await response.Body.WriteAsync(answer.Body, context.RequestAborted);
    }
}
